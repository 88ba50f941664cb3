//! The catalogue, grouped in plain words.

use leptos::html::Details;
use leptos::prelude::*;

use super::columns::Columns;
use super::draft::{Draft, Kind, Statistic};

/// One entry: an analysis with what makes it that one.
#[derive(Clone, Copy)]
enum Entry {
    /// Statistics of columns.
    Describe(&'static [Statistic], &'static str, &'static str),
    /// Something else.
    Kind(Kind),
}

const CATALOGUE: [(&str, &[Entry]); 3] = [
    (
        "Describe columns",
        &[
            Entry::Describe(
                &[Statistic::Sum, Statistic::Mean, Statistic::Count, Statistic::Missing],
                "Sums, means, counts",
                "Added up, on average, how many cells have a value, how many are blank.",
            ),
            Entry::Describe(&[Statistic::Spread], "Spread", Statistic::Spread.explanation()),
            Entry::Describe(&[Statistic::Quantiles], "Quantiles", Statistic::Quantiles.explanation()),
            Entry::Describe(&[Statistic::Histogram], "Histogram", Statistic::Histogram.explanation()),
            Entry::Describe(&[Statistic::Shape], "Shape", Statistic::Shape.explanation()),
        ],
    ),
    (
        "Groups",
        &[
            Entry::Kind(Kind::Groups),
            Entry::Kind(Kind::TwoGroups),
            Entry::Kind(Kind::Anova),
            Entry::Kind(Kind::WeightedMean),
        ],
    ),
    (
        "Relations",
        &[
            Entry::Kind(Kind::Correlation),
            Entry::Kind(Kind::Regression),
            Entry::Kind(Kind::Contingency),
            Entry::Kind(Kind::Covariance),
        ],
    ),
];

impl Entry {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Describe(_, name, explanation) => (name, explanation),
            Self::Kind(kind) => (kind.name(), kind.explanation()),
        }
    }

    fn code(self) -> String {
        match self {
            Self::Describe(statistics, ..) => {
                format!("describe-{}", statistics.first().map_or("", |first| first.code()))
            }
            Self::Kind(kind) => kind.code().to_owned(),
        }
    }

    fn draft(self, columns: &Columns) -> Draft {
        match self {
            Self::Describe(statistics, ..) => {
                let usual = Draft::suggested(Kind::Describe, columns);
                Draft { statistics: statistics.to_vec(), ..usual }
            }
            Self::Kind(kind) => Draft::suggested(kind, columns),
        }
    }
}

/// The catalogue, folded; what is chosen becomes part of the run.
#[component]
pub(super) fn Menu(#[prop(into)] columns: Signal<Columns>, on_draft: Callback<Draft>) -> impl IntoView {
    let details = NodeRef::<Details>::new();
    let choose = move |entry: Entry| {
        if let Some(details) = details.get_untracked() {
            details.set_open(false);
        }
        on_draft.run(columns.with_untracked(|columns| entry.draft(columns)));
    };
    view! {
        <details class="menu" data-testid="analysis-menu" node_ref=details>
            <summary>"Choose another analysis"<span class="hint">"spread, quantiles, groups, correlation, regression and more"</span></summary>
            <div class="menu-groups">
                {CATALOGUE.map(|(group, entries)| view! {
                    <section class="menu-group">
                        <h3>{group}</h3>
                        <ul>
                            {entries.iter().map(|&entry| {
                                let (name, explanation) = entry.words();
                                view! {
                                    <li>
                                        <button type="button" class="menu-entry" data-testid=format!("add-{}", entry.code()) on:click=move |_| choose(entry)>
                                            <span class="menu-name">{name}</span>
                                            <span class="hint">{explanation}</span>
                                        </button>
                                    </li>
                                }
                            }).collect_view()}
                        </ul>
                    </section>
                }).collect_view()}
            </div>
        </details>
    }
}
