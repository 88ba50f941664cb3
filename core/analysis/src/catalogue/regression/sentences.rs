//! A fit in words.

use num_traits::{Signed, Zero};

use super::design::Variable;
use super::fit::{Coefficient, Fit};
use super::report::Report;
use crate::catalogue::{value, words};
use crate::elimination::Dependence;
use crate::rational::{Rational, divide, float, ratio, unit, whole};

/// Coefficients that are put into sentences.
const SENTENCES: usize = 6;

impl Report<'_> {
    pub(super) fn sentences(&self, y: &str) -> Vec<String> {
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
            let share = words::share(&r_squared);
            let rmse = ratio(1, self.count).map(|share| value::root(&(&fit.rss * share), false).float);
            sentences.push(format!(
                "The fit accounts for {share} of the variation of “{y}” and is off by {} in the root mean square ({rows}).",
                words::short(rmse.unwrap_or_default())
            ));
        }
        let kept = self.design.xs().iter().zip(&fit.coefficients);
        let kept = kept.filter_map(|(variable, coefficient)| Some((variable, coefficient.as_ref()?)));
        sentences.extend(
            kept.take(SENTENCES).map(|(x, coefficient)| self.coefficient_sentence(y, x, coefficient)),
        );
        match fit.kept().saturating_sub(SENTENCES as u64) {
            0 => {}
            1 => sentences.push("The one coefficient that is left stands in the table.".to_owned()),
            others => sentences.push(format!("The other {others} coefficients stand in the table.")),
        }
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
        // The interval is that of the signed coefficient, whatever the words before say of its direction.
        format!(
            "{finding} (coefficient {}, {level} interval {shown}, {}).",
            words::short(float(&coefficient.estimate)),
            words::p(p)
        )
    }

    /// A sentence for each column that was left out.
    pub(super) fn left_out(&self) -> Vec<String> {
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
            for part in [sign, &size, "“", &xs[*at].name, "”"] {
                formula.push_str(part);
            }
        }
        if !constant.is_zero() {
            let sign = if constant.is_negative() { " − " } else { " + " };
            formula.push_str(sign);
            formula.push_str(&value::rational(&constant.abs()).text);
        }
        format!("“{name}” {how} {of} (“{name}” = {formula})")
    }

    pub(super) fn notes(&self) -> Vec<String> {
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
}
