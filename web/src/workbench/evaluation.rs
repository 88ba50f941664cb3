//! How good a model is: figures, and a chart for each question.

use leptos::prelude::*;
use veilsum_train::evaluate::ranking::Ranking;
use veilsum_train::network::Epoch;

use crate::messages::workbench::{
    ClassEvaluation, ClusterEvaluation, Evaluation, RankingEvaluation, ValueEvaluation,
};
use crate::ui::chart::scale::short;
use crate::ui::chart::{Cloud, Clouds, Drawn, DrawnFigure, Lines, Matrix, Series};
use crate::ui::words;

/// A share in per cent, with one decimal.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", words::fixed(100.0 * share.max(0.0), 1))
}

/// Three decimals, with a true minus.
pub(super) fn three(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{}", words::fixed(value.abs(), 3))
}

/// Names and numbers beside each other.
#[component]
pub(super) fn Figures(
    figures: Vec<(String, String)>,
    #[prop(default = "figures")] testid: &'static str,
) -> impl IntoView {
    view! {
        <dl class="figures" data-testid=testid>
            {figures.into_iter().map(|(name, value)| view! {
                <div><dt>{name}</dt><dd class="number wrap">{value}</dd></div>
            }).collect_view()}
        </dl>
    }
}

/// All there is to say.
#[component]
pub(super) fn EvaluationView(
    evaluation: Evaluation,
    /// What saved pictures are called.
    name: &'static str,
) -> impl IntoView {
    match evaluation {
        Evaluation::Classes(classes) => view! { <OfClasses classes=*classes name/> }.into_any(),
        Evaluation::Values(values) => view! { <OfValues values name/> }.into_any(),
        Evaluation::Clusters(clusters) => view! { <OfClusters clusters name/> }.into_any(),
    }
}

/// The first thing to say.
pub(super) fn headline(evaluation: &Evaluation) -> String {
    match evaluation {
        Evaluation::Classes(classes) => {
            let rows: u64 = classes.report.confusion.iter().flatten().sum();
            let right: u64 = (0..classes.classes.len())
                .filter_map(|class| classes.report.confusion.get(class)?.get(class))
                .sum();
            format!(
                "{} of {} told rightly ({})",
                words::count(right),
                words::counted(rows, "row"),
                percent(classes.report.accuracy)
            )
        }
        Evaluation::Values(values) => format!(
            "Predictions of {} are off by {} on average (R² {})",
            values.target,
            short(values.report.mae),
            values.report.r_squared.map_or_else(|| "unknown".to_owned(), three)
        ),
        Evaluation::Clusters(clusters) => format!(
            "{} with an inertia of {}",
            words::counted(clusters.sizes.len() as u64, "cluster"),
            short(clusters.inertia)
        ),
    }
}

#[component]
fn OfClasses(classes: ClassEvaluation, name: &'static str) -> impl IntoView {
    let ClassEvaluation { classes, report, ranking } = classes;
    let mut figures = vec![("Accuracy".to_owned(), percent(report.accuracy))];
    if let [_, positive] = report.by_class.as_slice() {
        figures.push(("Precision".into(), three(positive.precision)));
        figures.push(("Recall".into(), three(positive.recall)));
        figures.push(("F1".into(), three(positive.f1)));
    }
    figures.push(("F1, macro".into(), three(report.macro_average.f1)));
    figures.push(("F1, weighted".into(), three(report.weighted_average.f1)));
    if let Some(ranking) = &ranking {
        figures.push(("AUC".into(), three(ranking.auc)));
        figures.push(("Average precision".into(), three(ranking.average_precision)));
        figures.push(("Brier score".into(), three(ranking.brier)));
    }
    let wrong: u64 = report
        .confusion
        .iter()
        .enumerate()
        .flat_map(|(row, counts)| counts.iter().enumerate().filter(move |(column, _)| row != *column))
        .map(|(_, count)| count)
        .sum();
    let matrix = Matrix {
        rows: "known",
        columns: "predicted",
        names: classes.clone(),
        counts: report.confusion.clone(),
    };
    let by_class = classes.iter().zip(&report.by_class).map(|(class, scores)| (class.clone(), *scores));
    let averages =
        [("macro".to_owned(), report.macro_average), ("weighted".to_owned(), report.weighted_average)];
    let rows = by_class.chain(averages).map(|(class, scores)| {
        view! {
            <tr>
                <th scope="row" class="wrap">{class}</th>
                <td class="number">{three(scores.precision)}</td>
                <td class="number">{three(scores.recall)}</td>
                <td class="number">{three(scores.f1)}</td>
                <td class="number">{words::count(scores.rows)}</td>
            </tr>
        }
    });
    view! {
        <Figures figures testid="metrics"/>
        <div class="bench-charts">
            <DrawnFigure
                title=if wrong == 0 { "No row is taken for another class".to_owned() } else { format!("{} taken for another class", words::counted(wrong, "row")) }
                description="Confusion matrix: rows of each known class by predicted class.".to_owned()
                drawn=Drawn::Matrix(matrix) file_name=format!("{name}-confusion")
            />
            {ranking.map(|ranking| view! { <RankingCharts ranking name/> })}
        </div>
        <details>
            <summary>"By class"</summary>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Scores by class">
                <table>
                    <thead><tr>
                        <th scope="col">"Class"</th><th scope="col" class="number">"Precision"</th>
                        <th scope="col" class="number">"Recall"</th><th scope="col" class="number">"F1"</th>
                        <th scope="col" class="number">"Rows"</th>
                    </tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </details>
    }
}

#[component]
fn RankingCharts(ranking: RankingEvaluation, name: &'static str) -> impl IntoView {
    let RankingEvaluation {
        positive, roc, auc, precision_recall, average_precision, calibration, rows, ..
    } = ranking;
    let curve = |name: &str, points: Vec<(f64, f64)>| vec![Series { name: name.to_owned(), points }];
    let roc = Lines {
        x_axis: "False positive rate".into(),
        y_axis: "True positive rate".into(),
        series: curve(
            "ROC",
            roc.iter().map(|point| (point.false_positive_rate, point.true_positive_rate)).collect(),
        ),
        diagonal: Some("chance"),
        is_share: true,
    };
    let precision_recall = Lines {
        x_axis: "Recall".into(),
        y_axis: "Precision".into(),
        series: curve(
            "Precision",
            precision_recall.iter().map(|point| (point.recall, point.precision)).collect(),
        ),
        diagonal: None,
        is_share: true,
    };
    let calibration = Lines {
        x_axis: format!("Predicted probability of {positive}"),
        y_axis: "Observed share".into(),
        series: curve(
            "observed",
            calibration
                .iter()
                .filter(|bin| bin.rows > 0)
                .map(|bin| (bin.mean_predicted, bin.observed))
                .collect(),
        ),
        diagonal: Some("perfect"),
        is_share: true,
    };
    view! {
        <DrawnFigure
            title=format!("ROC: the area under the curve is {}", three(auc))
            description="True positive rate over false positive rate at every threshold; chance is the diagonal.".to_owned()
            drawn=Drawn::Lines(roc) file_name=format!("{name}-roc")
        />
        <DrawnFigure
            title=format!("Average precision is {}", three(average_precision))
            description="Precision over recall at every threshold.".to_owned()
            drawn=Drawn::Lines(precision_recall) file_name=format!("{name}-precision-recall")
        />
        <DrawnFigure
            title="How often it is so when the model says so".to_owned()
            description="Observed share over predicted probability, in ten bins; a calibrated model is on the diagonal.".to_owned()
            drawn=Drawn::Lines(calibration) file_name=format!("{name}-calibration")
        />
        <Threshold positive rows/>
    }
}

/// What a threshold does.
#[component]
fn Threshold(positive: String, rows: Vec<(bool, f64)>) -> impl IntoView {
    let (is_positive, probabilities): (Vec<bool>, Vec<f64>) = rows.into_iter().unzip();
    let ranking = StoredValue::new(Ranking::new(&is_positive, &probabilities).ok());
    let threshold = RwSignal::new(50_u32);
    let at = move || {
        let threshold = f64::from(threshold.get()) / 100.0;
        ranking.with_value(|ranking| ranking.as_ref().map(|ranking| ranking.at(threshold)))
    };
    let legend = format!("A row counts as {positive} from a probability of");
    view! {
        <section class="chart" aria-label="Threshold" data-testid="threshold-panel">
            <label for="threshold">{legend}" "<output class="number">{move || percent(f64::from(threshold.get()) / 100.0)}</output></label>
            <input
                type="range" id="threshold" data-testid="threshold" min="0" max="100" step="1"
                prop:value=move || threshold.get().to_string()
                on:input:target=move |event| {
                    if let Ok(value) = event.target().value().parse() {
                        threshold.set(value);
                    }
                }
            />
            {move || at().map(|at| view! {
                <Figures testid="threshold-figures" figures=vec![
                    ("Accuracy".to_owned(), percent(at.accuracy)),
                    ("Precision".to_owned(), three(at.precision)),
                    ("Recall".to_owned(), three(at.recall)),
                    ("Specificity".to_owned(), three(at.specificity)),
                    ("F1".to_owned(), three(at.f1)),
                    ("Missed".to_owned(), words::count(at.false_negatives)),
                    ("False alarms".to_owned(), words::count(at.false_positives)),
                ]/>
            })}
        </section>
    }
}

#[component]
fn OfValues(values: ValueEvaluation, name: &'static str) -> impl IntoView {
    let ValueEvaluation { target, report, rows } = values;
    let figures = vec![
        ("RMSE".to_owned(), short(report.rmse)),
        ("MAE".to_owned(), short(report.mae)),
        ("R²".to_owned(), report.r_squared.map_or_else(|| "–".to_owned(), three)),
    ];
    let residuals = Clouds {
        x_axis: format!("Predicted {target}"),
        y_axis: "Known − predicted".into(),
        clouds: vec![Cloud {
            name: "row".into(),
            points: rows.iter().map(|(known, predicted)| (*predicted, known - predicted)).collect(),
            are_centres: false,
        }],
    };
    let low = rows.iter().map(|row| row.0.min(row.1)).fold(f64::INFINITY, f64::min);
    let high = rows.iter().map(|row| row.0.max(row.1)).fold(f64::NEG_INFINITY, f64::max);
    let points: Vec<(String, f64, f64)> = (1..)
        .zip(&rows)
        .map(|(number, (known, predicted)): (u32, _)| (format!("row {number}"), *known, *predicted))
        .collect();
    let against = veilsum_analysis::answer::ChartKind::Scatter {
        x_axis: format!("Known {target}"),
        y_axis: format!("Predicted {target}"),
        points,
        line: (low < high).then_some((0.0, 1.0)),
    };
    view! {
        <Figures figures testid="metrics"/>
        <div class="bench-charts">
            <DrawnFigure
                title="Predicted against known: perfect predictions lie on the line".to_owned()
                description="Each row of the test part by its known and its predicted value.".to_owned()
                drawn=Drawn::Answer(against) file_name=format!("{name}-predictions")
            />
            <DrawnFigure
                title="Residuals: what is left should show no pattern".to_owned()
                description="Known minus predicted value over the predicted value.".to_owned()
                drawn=Drawn::Clouds(residuals) file_name=format!("{name}-residuals")
            />
        </div>
    }
}

#[component]
fn OfClusters(clusters: ClusterEvaluation, name: &'static str) -> impl IntoView {
    let ClusterEvaluation { sizes, inertia, silhouette, adjusted_rand, places, centres, shares } = clusters;
    let mut figures = vec![("Inertia".to_owned(), words::fixed(inertia, 2))];
    figures.extend(silhouette.map(|value| ("Silhouette".to_owned(), three(value))));
    figures.extend(
        adjusted_rand.map(|(known, value)| (format!("Adjusted Rand index with {known}"), three(value))),
    );
    figures.extend(
        (1_u32..)
            .zip(&sizes)
            .map(|(cluster, size)| (format!("Cluster {cluster}"), words::counted(*size, "row"))),
    );
    let mut clouds: Vec<Cloud> = (0_u32..)
        .zip(&sizes)
        .map(|(cluster, _)| Cloud {
            name: format!("cluster {}", cluster + 1),
            points: places
                .iter()
                .filter(|place| place.2 == cluster)
                .map(|place| (place.0, place.1))
                .collect(),
            are_centres: false,
        })
        .collect();
    if !centres.is_empty() {
        clouds.push(Cloud { name: "centroids".into(), points: centres, are_centres: true });
    }
    let drawn = Clouds {
        x_axis: format!("First component ({} of the variance)", percent(shares[0])),
        y_axis: format!("Second component ({})", percent(shares[1])),
        clouds,
    };
    view! {
        <Figures figures testid="metrics"/>
        <DrawnFigure
            title="The clusters in the plane in which rows differ most".to_owned()
            description="Rows on the first two principal components, by cluster, with the centroids.".to_owned()
            drawn=Drawn::Clouds(drawn) file_name=format!("{name}-clusters")
        />
    }
}

/// Loss and accuracy by epoch; nothing before the second epoch.
#[component]
pub(super) fn EpochCharts(#[prop(into)] epochs: Signal<Vec<Epoch>>) -> impl IntoView {
    move || epochs.with(|epochs| (epochs.len() > 1).then(|| charts(epochs)))
}

#[expect(clippy::cast_precision_loss, reason = "epochs")]
fn charts(epochs: &[Epoch]) -> impl IntoView + use<> {
    let points = |of: fn(&Epoch) -> Option<f64>| -> Vec<(f64, f64)> {
        epochs.iter().filter_map(|epoch| Some((epoch.epoch as f64, of(epoch)?))).collect()
    };
    let lines = |y_axis: &str, training, validation| Lines {
        x_axis: "Epoch".into(),
        y_axis: y_axis.into(),
        series: vec![
            Series { name: "training".into(), points: training },
            Series { name: "validation".into(), points: validation },
        ],
        diagonal: None,
        is_share: false,
    };
    let best = epochs.iter().rev().find(|epoch| epoch.is_best).map_or(0, |epoch| epoch.epoch);
    let loss =
        lines("Loss", points(|epoch| Some(epoch.training.loss)), points(|epoch| Some(epoch.validation.loss)));
    let accuracy =
        lines("Accuracy", points(|epoch| epoch.training.accuracy), points(|epoch| epoch.validation.accuracy));
    let has_accuracy = accuracy.series.iter().any(|line| !line.points.is_empty());
    view! {
        <div class="bench-charts">
            <DrawnFigure
                title=format!("The validation loss is least in epoch {best}")
                description="Training and validation loss by epoch.".to_owned()
                drawn=Drawn::Lines(loss) file_name="loss".to_owned()
            />
            {has_accuracy.then(|| view! {
                <DrawnFigure
                    title="Accuracy by epoch".to_owned()
                    description="Training and validation accuracy by epoch.".to_owned()
                    drawn=Drawn::Lines(accuracy) file_name="accuracy".to_owned()
                />
            })}
        </div>
    }
}

/// Inertia by iteration.
#[component]
#[expect(clippy::cast_precision_loss, reason = "iterations")]
pub(super) fn InertiaChart(inertia: Vec<f64>) -> impl IntoView {
    let points = inertia.iter().enumerate().map(|(at, value)| (at as f64 + 1.0, *value)).collect();
    let lines = Lines {
        x_axis: "Iteration".into(),
        y_axis: "Inertia".into(),
        series: vec![Series { name: "inertia".into(), points }],
        diagonal: None,
        is_share: false,
    };
    view! {
        <DrawnFigure
            title=format!("No row changes its cluster after {}", words::counted(inertia.len() as u64, "iteration"))
            description="Inertia by iteration of the best start.".to_owned()
            drawn=Drawn::Lines(lines) file_name="inertia".to_owned()
        />
    }
}
