//! One analysis of a run: what it is, and which columns it is about.

use leptos::html::H3;
use leptos::prelude::*;

use super::columns::Columns;
use super::draft::{Draft, Kind, Statistic};
use super::pickers::{Boxes, OneOf};
use crate::ui::icon::{Icon, Symbol};

/// Levels of confidence that can be chosen, in thousandths.
const LEVELS: [u32; 4] = [900, 950, 990, 999];

/// What an item of the run is told about itself.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Stays its own as long as it lives.
    pub(super) id: u32,
    pub(super) draft: RwSignal<Draft>,
    /// Whether it was just added, so that it takes the focus.
    pub(super) is_new: bool,
}

/// The analysis with its pickers.
#[component]
pub(super) fn Item(
    place: Place,
    #[prop(into)] columns: Signal<Columns>,
    /// Whether there are others.
    #[prop(into)]
    removable: Signal<bool>,
    on_remove: Callback<()>,
) -> impl IntoView {
    let Place { id, draft, is_new } = place;
    let heading = NodeRef::<H3>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get().filter(|_| is_new) {
            let _ = heading.focus();
        }
    });
    let kind = draft.with_untracked(|draft| draft.kind);
    let heading_id = format!("ask-{id}");
    let labelled_by = heading_id.clone();
    let lacks = move || columns.with(|columns| draft.with(|draft| draft.requests(columns).err()));
    view! {
        <section class="ask-item" aria-labelledby=labelled_by data-testid=format!("ask-{}", kind.code())>
            <div class="card-head">
                <h3 id=heading_id tabindex="-1" node_ref=heading>{kind.name()}</h3>
                <Show when=move || removable.get()>
                    <button
                        type="button" class="button quiet icon-only" data-testid=format!("ask-remove-{}", kind.code())
                        aria-label=format!("Remove {} from the run", kind.name()) title="Remove" on:click=move |_| on_remove.run(())
                    ><Icon symbol=Symbol::Cross/></button>
                </Show>
            </div>
            <p class="hint">{kind.explanation()}</p>
            <Pickers id draft columns/>
            <p class="problem" role="status" data-testid="ask-lacks">{lacks}</p>
        </section>
    }
}

#[component]
fn Pickers(id: u32, draft: RwSignal<Draft>, #[prop(into)] columns: Signal<Columns>) -> impl IntoView {
    let kind = draft.with_untracked(|draft| draft.kind);
    // Groups are named once they are known.
    move || {
        let columns = columns.get();
        let field = Fields { id, draft, columns: &columns };
        match kind {
            Kind::Describe => view! { {statistics(draft)} {field.described()} {field.level_of_spread()} }.into_any(),
            Kind::Groups => view! {
                {field.numbers("Numbers to compare")}
                <div class="ask-fields">{field.by("Grouped by")} {field.also_by("And by", Some("nothing else"))}</div>
            }
            .into_any(),
            Kind::TwoGroups => view! {
                <div class="ask-fields">{field.column("Number to compare")} {field.by("Grouped by")} {field.level()}</div>
                {field.two_groups()}
            }
            .into_any(),
            Kind::Anova => view! {
                <div class="ask-fields">{field.column("Number to compare")} {field.by("Grouped by")}</div>
            }
            .into_any(),
            Kind::WeightedMean => view! {
                <div class="ask-fields">{field.column("Mean of")} {field.other("Weighted by")}</div>
            }
            .into_any(),
            Kind::Covariance => view! {
                <div class="ask-fields">{field.column("First number")} {field.other("Second number")}</div>
            }
            .into_any(),
            Kind::Correlation => field.numbers("Numbers").into_any(),
            Kind::Contingency => view! {
                <div class="ask-fields">{field.by("Rows of the table")} {field.also_by("Columns of the table", None)}</div>
            }
            .into_any(),
            Kind::Regression => view! {
                <div class="ask-fields">{field.column("Number to explain")} {field.level()}</div>
                {field.numbers("Numbers that explain it")}
                {field.categories()}
                {field.penalty()}
            }
            .into_any(),
        }
    }
}

/// Boxes for what describes a column.
fn statistics(draft: RwSignal<Draft>) -> impl IntoView {
    let toggle = move |statistic: Statistic, wanted: bool| {
        draft.update(|draft| {
            draft.statistics.retain(|chosen| *chosen != statistic);
            if wanted {
                draft.statistics.push(statistic);
            }
        });
    };
    view! {
        <fieldset>
            <legend>"Statistic"</legend>
            <div class="choices">
                {Statistic::ALL.map(|statistic| view! {
                    <label class="choice" title=statistic.explanation()>
                        <input
                            type="checkbox" data-testid=format!("analysis-{}", statistic.code())
                            prop:checked=move || draft.with(|draft| draft.statistics.contains(&statistic))
                            on:change:target=move |event| toggle(statistic, event.target().checked())
                        />
                        <span>{statistic.name()}</span>
                    </label>
                }).collect_view()}
            </div>
        </fieldset>
    }
}

/// Makes the fields of one item.
struct Fields<'a> {
    id: u32,
    draft: RwSignal<Draft>,
    columns: &'a Columns,
}

impl Fields<'_> {
    fn several(
        &self,
        legend: &'static str,
        testid: String,
        picks: Vec<super::columns::Pick>,
        field: fn(&mut Draft) -> &mut Vec<u32>,
    ) -> AnyView {
        let draft = self.draft;
        // Looked at through a copy: a draft is small.
        let chosen = Signal::derive(move || field(&mut draft.get()).clone());
        let on_chosen = Callback::new(move |chosen| draft.update(|draft| *field(draft) = chosen));
        view! { <Boxes legend testid picks chosen on_chosen/> }.into_any()
    }

    fn one(
        &self,
        label: &'static str,
        name: &str,
        options: Vec<(u32, String)>,
        none: Option<&'static str>,
        field: fn(&mut Draft) -> &mut Option<u32>,
    ) -> AnyView {
        let draft = self.draft;
        let chosen = Signal::derive(move || *field(&mut draft.get()));
        let on_chosen = Callback::new(move |chosen| draft.update(|draft| *field(draft) = chosen));
        let id = format!("ask-{}-{name}", self.id);
        view! { <OneOf label id options none chosen on_chosen/> }.into_any()
    }

    fn described(&self) -> AnyView {
        self.several("Columns", "analysis".into(), self.columns.all().to_vec(), |draft| &mut draft.columns)
    }

    fn numbers(&self, legend: &'static str) -> AnyView {
        let testid = format!("ask-{}-numbers", self.id);
        self.several(legend, testid, self.columns.numbers().cloned().collect(), |draft| &mut draft.columns)
    }

    fn categories(&self) -> AnyView {
        let groupings = self.columns.groupings().into_iter();
        let picks: Vec<_> =
            groupings.filter(|pick| !pick.is_number || !pick.categories.is_empty()).cloned().collect();
        if picks.is_empty() {
            return ().into_any();
        }
        let testid = format!("ask-{}-categories", self.id);
        self.several("Categories that explain it", testid, picks, |draft| &mut draft.categories)
    }

    fn number_options(&self) -> Vec<(u32, String)> {
        self.columns.numbers().map(|pick| (pick.position, pick.name.clone())).collect()
    }

    fn column(&self, label: &'static str) -> AnyView {
        self.one(label, "column", self.number_options(), None, |draft| &mut draft.column)
    }

    fn other(&self, label: &'static str) -> AnyView {
        self.one(label, "other", self.number_options(), None, |draft| &mut draft.other)
    }

    fn groupings(&self) -> Vec<(u32, String)> {
        let words = |pick: &super::columns::Pick| match pick.categories.len() {
            0 if pick.is_number => format!("{} (numbers, each different one a group)", pick.name),
            0 => format!("{} (groups not added yet)", pick.name),
            count => format!("{} ({count} groups)", pick.name),
        };
        self.columns.groupings().into_iter().map(|pick| (pick.position, words(pick))).collect()
    }

    fn by(&self, label: &'static str) -> AnyView {
        self.one(label, "by", self.groupings(), None, |draft| &mut draft.by)
    }

    fn also_by(&self, label: &'static str, none: Option<&'static str>) -> AnyView {
        self.one(label, "also-by", self.groupings(), none, |draft| &mut draft.also_by)
    }

    /// The two groups, once they have names.
    fn two_groups(&self) -> AnyView {
        let (id, draft, columns) = (self.id, self.draft, self.columns.clone());
        let by = Memo::new(move |_| draft.with(|draft| draft.by));
        (move || {
            let groups = by.get().and_then(|by| columns.at(by)).map(|pick| pick.categories.clone());
            let groups: Vec<(u32, String)> = (0_u32..).zip(groups.unwrap_or_default()).collect();
            if groups.is_empty() {
                return view! {
                    <p class="hint">"Its first two groups are compared. Once its columns are added, the groups have names and others can be chosen."</p>
                }
                .into_any();
            }
            let list = |place: usize, label, name: &str| {
                let chosen = Signal::derive(move || draft.with(|draft| Some(draft.groups[place])));
                let on_chosen = Callback::new(move |chosen: Option<u32>| {
                    draft.update(|draft| draft.groups[place] = chosen.unwrap_or_default());
                });
                let id = format!("ask-{id}-{name}");
                view! { <OneOf label id options=groups.clone() chosen on_chosen/> }
            };
            view! { <div class="ask-fields">{list(0, "First group", "first")} {list(1, "Second group", "second")}</div> }
                .into_any()
        })
        .into_any()
    }

    fn level(&self) -> AnyView {
        let draft = self.draft;
        let options = LEVELS.iter().map(|&level| {
            let tenths = if level % 10 == 0 { String::new() } else { format!(".{}", level % 10) };
            (level, format!("{}{tenths} %", level / 10))
        });
        let chosen = Signal::derive(move || draft.with(|draft| Some(draft.level.into())));
        let on_chosen = Callback::new(move |chosen: Option<u32>| {
            let level = chosen.and_then(|level| u16::try_from(level).ok());
            draft.update(|draft| draft.level = level.unwrap_or(draft.level));
        });
        let id = format!("ask-{}-level", self.id);
        view! { <OneOf label="Confidence of intervals" id options=options.collect() chosen on_chosen/> }
            .into_any()
    }

    /// The level, where spread is among the statistics.
    fn level_of_spread(&self) -> AnyView {
        let draft = self.draft;
        let has_spread =
            Memo::new(move |_| draft.with(|draft| draft.statistics.contains(&Statistic::Spread)));
        let (id, columns) = (self.id, self.columns.clone());
        (move || has_spread.get().then(|| Fields { id, draft, columns: &columns }.level())).into_any()
    }

    fn penalty(&self) -> AnyView {
        let draft = self.draft;
        let id = format!("ask-{}-ridge", self.id);
        view! {
            <details data-testid=format!("ask-{}-more", self.id)>
                <summary>"Ridge and standardised coefficients"</summary>
                <div class="fields">
                    <div class="field">
                        <label for=id.clone()>"Ridge penalty"</label>
                        <input
                            type="text" inputmode="decimal" id=id.clone() data-testid=id.clone() placeholder="none: least squares"
                            prop:value=move || draft.with(|draft| draft.ridge.clone())
                            on:change:target=move |event| draft.update(|draft| draft.ridge = event.target().value())
                        />
                        <p class="hint">"A penalty above 0 shrinks coefficients; it helps where columns say nearly the same."</p>
                    </div>
                    <label class="choice">
                        <input
                            type="checkbox" data-testid=format!("ask-{}-standardised", self.id)
                            prop:checked=move || draft.with(|draft| draft.standardised)
                            on:change:target=move |event| draft.update(|draft| draft.standardised = event.target().checked())
                        />
                        <span>"Standardised coefficients, comparable between columns"</span>
                    </label>
                </div>
            </details>
        }
        .into_any()
    }
}
