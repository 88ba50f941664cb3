//! A fit in words, numbers and pictures.

use num_traits::{Signed, Zero};

use super::Regression;
use super::design::{Design, Variable};
use super::fit::{Coefficient, Fit, Penalty};
use crate::answer::{Answer, Chart, ChartKind, Estimate, Figure, Table, Value};
use crate::catalogue::inference::Estimated;
use crate::catalogue::{value, words};
use crate::distribution;
use crate::elimination::Dependence;
use crate::rational::{Rational, divide, float, ratio, unit, whole};

/// Coefficients that are put into sentences.
const SENTENCES: usize = 6;

/// What an answer is made of.
pub(super) struct Report<'a> {
    pub asked: &'a Regression,
    pub design: &'a Design,
    /// `None` without rows.
    pub fit: Option<&'a Fit>,
    pub count: u64,
    /// `None` for least squares.
    pub penalty: Option<Penalty>,
}

impl Report<'_> {
    pub(super) fn answer(&self, y: &str) -> Answer {
        let coefficients = self.coefficients();
        let of_fit = self.fit_figures();
        let tables =
            vec![self.coefficient_table(&coefficients), value::figures_table("The fit".to_owned(), &of_fit)];
        let of_coefficients = coefficients.into_iter().flat_map(|(_, figures)| figures);
        let figures = of_coefficients.chain(of_fit).collect();
        let mut sentences = self.sentences(y);
        sentences.extend(self.left_out());
        let title = format!("Regression of “{y}”");
        Answer {
            charts: self.chart(y).into_iter().collect(),
            tables,
            sentences,
            figures,
            notes: self.notes(),
            ..value::answer(title, self.count)
        }
    }

    /// The coefficient with its standard error, if rows are left to tell it.
    fn estimated(&self, coefficient: &Coefficient) -> Option<Estimated> {
        let fit = self.fit?;
        Some(Estimated {
            estimate: coefficient.estimate.clone(),
            squared_error: fit.residual_variance()? * coefficient.variance_factor.as_ref()?,
            freedom: whole(fit.freedom?),
        })
    }

    fn sentences(&self, y: &str) -> Vec<String> {
        let rows = words::rows(self.count);
        let Some(fit) = self.fit else {
            return vec!["Nothing can be fitted: in no row are all these columns there.".to_owned()];
        };
        if fit.tss.is_zero() {
            let mean = fit.means.last().map(value::rational).map(|mean| mean.text).unwrap_or_default();
            return vec![format!(
                "“{y}” does not vary, so that there is nothing to explain: it is {mean} ({rows})."
            )];
        }
        if fit.kept() == 0 {
            return vec![format!("None of these columns can explain “{y}”: none of them varies ({rows}).")];
        }
        if fit.freedom == Some(0) {
            return vec![format!(
                "{rows} for {} fitted numbers: the fit meets every row, and nothing can be said of how good it is.",
                fit.kept() + 1
            )];
        }
        let mut sentences = Vec::new();
        let r_squared = fit.r_squared().unwrap_or_else(Rational::zero);
        if fit.rss.is_zero() {
            sentences.push(format!("The fit meets every value of “{y}” exactly ({rows})."));
        } else {
            let percent = words::short(float(&(&r_squared * value::hundred())));
            let rmse = ratio(1, self.count).map(|share| value::root(&(&fit.rss * share), false).float);
            sentences.push(format!(
                "The fit accounts for {percent} % of the variation of “{y}” (R² = {}), and is off by {} on average \
                 (root mean square, {rows}).",
                words::short(float(&r_squared)),
                words::short(rmse.unwrap_or_default())
            ));
        }
        let kept = self.design.xs().iter().zip(&fit.coefficients);
        let kept = kept.filter_map(|(variable, coefficient)| Some((variable, coefficient.as_ref()?)));
        sentences.extend(
            kept.take(SENTENCES).map(|(x, coefficient)| self.coefficient_sentence(y, x, coefficient)),
        );
        sentences
    }

    fn coefficient_sentence(&self, y: &str, x: &Variable, coefficient: &Coefficient) -> String {
        let others = if self.fit.is_some_and(|fit| fit.kept() > 1) { ", the others held," } else { "" };
        let way = if coefficient.estimate.is_negative() { "less" } else { "more" };
        let size = words::short(float(&coefficient.estimate).abs());
        let step = match &x.reference {
            Some(reference) => format!("“{}” rather than “{reference}”", x.name),
            None => format!("One more of “{}”", x.name),
        };
        let finding = format!("{step}{others} goes with {size} {way} of “{y}”");
        let estimated = self.estimated(coefficient);
        let Some((estimated, (_, p))) = estimated.and_then(|found| Some((found.clone(), found.test()?)))
        else {
            return format!("{finding}.");
        };
        let interval = estimated.interval(self.asked.level);
        let (level, shown) =
            (words::percent(self.asked.level), words::interval(&interval.low, &interval.high));
        format!("{finding} ({level} interval {shown}, {}).", words::p(p))
    }

    /// A sentence for each column that was left out.
    fn left_out(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self
            .design
            .single
            .iter()
            .map(|column| format!("“{column}” has one category only and was left out."))
            .collect();
        if let Some(fit) = self.fit {
            let told = fit.dependent.iter().map(|dependence| {
                let finding = self.dependence(fit, dependence);
                // Ridge keeps what repeats others.
                let is_kept = fit.coefficients[dependence.column].is_some();
                if is_kept {
                    format!("{finding}; they share what they explain.")
                } else {
                    format!("{finding} and was left out.")
                }
            });
            sentences.extend(told);
        }
        sentences
    }

    /// “female” repeats “sex” (“female” = 1 − “sex”)
    fn dependence(&self, fit: &Fit, dependence: &Dependence) -> String {
        let xs = self.design.xs();
        let name = &xs[dependence.column].name;
        if dependence.combination.is_empty() {
            return format!("“{name}” is constant");
        }
        let of = words::list(dependence.combination.iter().map(|&(at, _)| xs[at].name.as_str()));
        let how = if dependence.combination.len() == 1 { "repeats" } else { "is a combination of" };
        let mut constant = fit.means[dependence.column].clone();
        let mut formula = String::new();
        for (at, factor) in &dependence.combination {
            let in_units = divide(&unit(xs[dependence.column].scale), &unit(xs[*at].scale));
            let factor = factor * in_units.unwrap_or_else(|| whole(1));
            constant -= &factor * &fit.means[*at];
            let sign = match (formula.is_empty(), factor.is_negative()) {
                (true, true) => "−",
                (true, false) => "",
                (false, true) => " − ",
                (false, false) => " + ",
            };
            let size = value::rational(&factor.abs()).text;
            let size = if size == "1" { String::new() } else { format!("{size}·") };
            formula.push_str(&format!("{sign}{size}“{}”", xs[*at].name));
        }
        if !constant.is_zero() {
            let sign = if constant.is_negative() { " − " } else { " + " };
            formula.push_str(&format!("{sign}{}", value::rational(&constant.abs()).text));
        }
        format!("“{name}” {how} {of} (“{name}” = {formula})")
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(penalty) = &self.penalty {
            let of = if penalty.is_standardised { "standardised coefficients" } else { "coefficients" };
            notes.push(format!(
                "Ridge: the squares of the {of} are penalised with {}, the intercept is not. Standard errors and \
                 p-values are not given, because a ridge fit is biased.",
                value::rational(&penalty.lambda).text
            ));
        } else if self
            .fit
            .is_some_and(|fit| fit.residual_variance().is_some_and(|variance| variance.is_positive()))
        {
            notes.push(
                "Standard errors, intervals and p-values take the rows for independent, and what is left of each for \
                 normally distributed with one variance. What goes together need not be cause and effect."
                    .to_owned(),
            );
        }
        notes
    }

    /// Every coefficient, the intercept first, with its figures.
    fn coefficients(&self) -> Vec<(String, Vec<Figure>)> {
        let intercept = self.fit.map(|fit| &fit.intercept);
        let mut all =
            vec![("Intercept".to_owned(), self.coefficient_figures("intercept", "Intercept", intercept))];
        for (at, variable) in self.design.xs().iter().enumerate() {
            let coefficient = self.fit.and_then(|fit| fit.coefficients[at].as_ref());
            let key = format!("coefficient/{}", variable.name);
            let mut figures = self.coefficient_figures(&key, &variable.name, coefficient);
            if self.asked.standardised {
                let label = format!("{}, standardised", variable.name);
                let value = coefficient.and_then(standardised);
                figures.push(value::figure(&format!("{key}/standardised"), &label, value));
            }
            all.push((variable.name.clone(), figures));
        }
        all
    }

    fn fit_figures(&self) -> Vec<Figure> {
        let fit = self.fit;
        let share = ratio(1, self.count);
        let mean_square = fit.zip(share).map(|(fit, share)| &fit.rss * share);
        let residual = fit.and_then(Fit::residual_variance);
        let r_squared = fit.and_then(Fit::r_squared);
        let f = self.f_test();
        let integer = |count: u64| value::integer(count.into());
        vec![
            value::figure("r-squared", "R²", r_squared.as_ref().map(value::rational)),
            value::figure("adjusted-r-squared", "Adjusted R²", self.adjusted().as_ref().map(value::rational)),
            value::figure(
                "rmse",
                "Root mean square error",
                mean_square.map(|square| value::root(&square, false)),
            ),
            value::figure(
                "residual-standard-error",
                "Residual standard error",
                residual.as_ref().map(|square| value::root(square, false)),
            ),
            value::figure(
                "residual-sum-of-squares",
                "Residual sum of squares",
                fit.map(|fit| value::rational(&fit.rss)),
            ),
            value::figure("f", "F", f.as_ref().map(|(f, _)| value::rational(f))),
            value::figure("f/p", "p-value of F", f.map(|(_, p)| value::probability(p))),
            value::figure(
                "degrees-of-freedom",
                "Degrees of freedom of the residuals",
                fit.and_then(|fit| fit.freedom).map(integer),
            ),
            value::figure("rank", "Rank, with the intercept", fit.map(|fit| integer(self.rank(fit)))),
            value::figure("count", "Rows", Some(integer(self.count))),
        ]
    }

    /// Columns that depend on none before them, and the intercept.
    fn rank(&self, fit: &Fit) -> u64 {
        (self.design.xs().len() - fit.dependent.len()) as u64 + 1
    }

    /// `1 − (RSS/ν)/(TSS/(n − 1))`.
    fn adjusted(&self) -> Option<Rational> {
        let fit = self.fit?;
        let total = &fit.tss * ratio(1, self.count.checked_sub(1)?)?;
        divide(&fit.residual_variance()?, &total).map(|share| whole(1) - share)
    }

    fn f_test(&self) -> Option<(Rational, f64)> {
        let fit = self.fit?;
        let explained = (&fit.tss - &fit.rss) * ratio(1, fit.kept())?;
        let f = divide(&explained, &fit.residual_variance()?)?;
        let p = distribution::f_upper(&f, &whole(fit.kept()), &whole(fit.freedom?));
        Some((f, p))
    }

    fn coefficient_figures(&self, key: &str, label: &str, coefficient: Option<&Coefficient>) -> Vec<Figure> {
        let estimated = coefficient.and_then(|coefficient| self.estimated(coefficient));
        let test = estimated.as_ref().and_then(Estimated::test);
        let [low, high] = estimated
            .as_ref()
            .map_or([None, None], |estimated| estimated.interval(self.asked.level).values().map(Some));
        let estimate = coefficient.map(|coefficient| value::rational(&coefficient.estimate));
        let level = words::percent(self.asked.level);
        let figure = |part: &str, what: &str, value: Option<Value>| {
            value::figure(&format!("{key}/{part}"), &format!("{label}, {what}"), value)
        };
        vec![
            figure("estimate", "estimate", estimate),
            figure("standard-error", "standard error", estimated.as_ref().map(Estimated::standard_error)),
            figure("t", "t", test.as_ref().map(|(t, _)| t.clone())),
            figure("p", "p-value", test.map(|(_, p)| value::probability(p))),
            figure("low", &format!("{level} interval from"), low),
            figure("high", &format!("{level} interval to"), high),
        ]
    }

    fn coefficient_table(&self, coefficients: &[(String, Vec<Figure>)]) -> Table {
        let level = words::percent(self.asked.level);
        let (from, to) = (format!("{level} from"), format!("{level} to"));
        let mut headings = vec!["Column", "Estimate", "Standard error", "t", "p", &from, &to];
        if self.asked.standardised {
            headings.push("Standardised");
        }
        let rows = coefficients.iter().map(|(name, figures)| {
            value::row(name.clone(), figures.iter().map(|figure| figure.value.clone()))
        });
        value::table("Coefficients".to_owned(), &headings, rows.collect())
    }

    fn chart(&self, y: &str) -> Option<Chart> {
        let fit = self.fit.filter(|fit| fit.kept() > 0 && !fit.tss.is_zero())?;
        let kept = self.design.xs().iter().zip(&fit.coefficients);
        let estimates: Vec<Estimate> = kept
            .filter_map(|(variable, coefficient)| {
                let coefficient = coefficient.as_ref()?;
                let factor = if self.asked.standardised {
                    float(&crate::rational::root(coefficient.variance_ratio.as_ref()?))
                } else {
                    1.0
                };
                let interval =
                    self.estimated(coefficient).map(|estimated| estimated.interval(self.asked.level));
                Some(Estimate {
                    name: variable.name.clone(),
                    value: float(&coefficient.estimate) * factor,
                    interval: interval
                        .map(|interval| (float(&interval.low) * factor, float(&interval.high) * factor)),
                })
            })
            .collect();
        let described =
            estimates.iter().map(|estimate| format!("{} {}", estimate.name, words::short(estimate.value)));
        let what = if self.asked.standardised { "standardised coefficient" } else { "coefficient" };
        let described = described.collect::<Vec<_>>().join(", ");
        let r_squared = fit.r_squared().map(|r| words::short(float(&r))).unwrap_or_default();
        Some(Chart {
            title: format!("What goes with “{y}” (R² = {r_squared})"),
            description: format!("Each {what} with its interval, against 0: {described}."),
            kind: ChartKind::Coefficients { axis: format!("Change of {y}, {what}"), estimates },
        })
    }
}

/// `β·sd(x)/sd(y)`.
fn standardised(coefficient: &Coefficient) -> Option<Value> {
    let square = &coefficient.estimate * &coefficient.estimate * coefficient.variance_ratio.as_ref()?;
    Some(value::root(&square, coefficient.estimate.is_negative()))
}
