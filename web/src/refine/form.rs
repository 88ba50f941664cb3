//! Fields of a step: choices, numbers, text and columns, all kept as text until the step is made of them.

use std::collections::BTreeMap;

use leptos::prelude::*;

/// A field, as it is shown for what was chosen so far.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    /// Name of its value, and of its test id.
    pub(super) id: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) input: Input,
}

/// How a value is entered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Input {
    /// One of these: value and words.
    Choice(Vec<(&'static str, &'static str)>),
    /// A number.
    Number,
    /// Anything.
    Text,
    /// One of these columns, or none where it may be none.
    Column { names: Vec<String>, none: Option<&'static str> },
    /// Any of these columns.
    Columns(Vec<String>),
}

impl Field {
    pub(super) fn new(id: &'static str, label: &'static str, input: Input) -> Self {
        Self { id, label, hint: "", input }
    }

    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }
}

/// What was entered: a text for each field, and the columns of those that take several.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Values {
    pub(super) texts: BTreeMap<&'static str, String>,
    pub(super) columns: BTreeMap<&'static str, Vec<String>>,
}

impl Values {
    /// The text of a field, without blanks at its ends.
    pub(super) fn text(&self, id: &str) -> &str {
        self.texts.get(id).map_or("", |text| text.trim())
    }

    /// The columns of a field.
    pub(super) fn columns(&self, id: &str) -> Vec<String> {
        self.columns.get(id).cloned().unwrap_or_default()
    }

    pub(super) fn with(mut self, id: &'static str, text: &str) -> Self {
        self.texts.insert(id, text.to_owned());
        self
    }

    pub(super) fn with_columns(mut self, id: &'static str, columns: Vec<String>) -> Self {
        self.columns.insert(id, columns);
        self
    }

    /// A number of a field called `label`.
    ///
    /// # Errors
    /// A sentence if it is none.
    pub(super) fn number(&self, id: &str, label: &str) -> Result<f64, String> {
        let text = self.text(id).replace(',', ".");
        let number: Option<f64> = text.parse().ok();
        number
            .filter(|number| number.is_finite())
            .ok_or_else(|| format!("“{label}” is no number. Enter one such as 0.5."))
    }

    /// A whole number of a field called `label`, from 0.
    ///
    /// # Errors
    /// A sentence if it is none.
    pub(super) fn count<T: TryFrom<u64>>(&self, id: &str, label: &str) -> Result<T, String> {
        let number: Option<u64> = self.text(id).parse().ok();
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("“{label}” is no whole number, or too large. Enter one such as 5."))
    }

    /// A column of a field called `label`.
    ///
    /// # Errors
    /// A sentence if none is chosen.
    pub(super) fn column(&self, id: &str, label: &str) -> Result<String, String> {
        match self.text(id) {
            "" => Err(format!("“{label}” is not chosen. Choose a column.")),
            name => Ok(name.to_owned()),
        }
    }

    /// At least one column.
    ///
    /// # Errors
    /// A sentence if there is none.
    pub(super) fn some_columns(&self, id: &str) -> Result<Vec<String>, String> {
        let columns = self.columns(id);
        if columns.is_empty() {
            Err("No column is chosen. Choose at least one.".to_owned())
        } else {
            Ok(columns)
        }
    }
}

/// Fields that follow what is entered.
#[component]
pub(super) fn Fields(
    /// The fields to show for these values.
    fields: Callback<Values, Vec<Field>>,
    values: RwSignal<Values>,
) -> impl IntoView {
    // Only another set of fields is drawn anew, so that typing keeps its place.
    let shown = Memo::new(move |_| fields.run(values.get()));
    view! {
        <div class="ask-fields refine-fields">
            {move || shown.get().into_iter().map(|field| view! { <OneField field values/> }).collect_view()}
        </div>
    }
}

#[component]
fn OneField(field: Field, values: RwSignal<Values>) -> impl IntoView {
    let Field { id, label, hint, input } = field;
    let text = move || values.with(|values| values.texts.get(id).cloned().unwrap_or_default());
    let set = move |text: String| {
        values.update(|values| {
            values.texts.insert(id, text);
        });
    };
    let hint = (!hint.is_empty()).then(|| view! { <p class="hint">{hint}</p> });
    let element = format!("refine-{id}");
    match input {
        Input::Choice(options) => view! {
            <div class="field">
                <label for=element.clone()>{label}</label>
                <select id=element.clone() data-testid=element.clone() prop:value=text on:change:target=move |event| set(event.target().value())>
                    {options.into_iter().map(|(value, words)| view! {
                        <option value=value selected=move || text() == value>{words}</option>
                    }).collect_view()}
                </select>
                {hint}
            </div>
        }
        .into_any(),
        Input::Column { names, none } => view! {
            <div class="field">
                <label for=element.clone()>{label}</label>
                <select id=element.clone() data-testid=element.clone() on:change:target=move |event| set(event.target().value())>
                    <option value="" selected=move || text().is_empty()>{none.unwrap_or("Choose a column…")}</option>
                    {names.into_iter().map(|name| {
                        let is_chosen = { let name = name.clone(); move || text() == name };
                        view! { <option value=name.clone() selected=is_chosen>{name.clone()}</option> }
                    }).collect_view()}
                </select>
                {hint}
            </div>
        }
        .into_any(),
        Input::Number | Input::Text => view! {
            <div class="field">
                <label for=element.clone()>{label}</label>
                <input
                    type="text" id=element.clone() data-testid=element.clone()
                    inputmode=if input == Input::Number { "decimal" } else { "text" }
                    prop:value=text on:input:target=move |event| set(event.target().value())
                />
                {hint}
            </div>
        }
        .into_any(),
        Input::Columns(names) => view! { <ColumnBoxes id label names values/> }.into_any(),
    }
}

#[component]
fn ColumnBoxes(
    id: &'static str,
    label: &'static str,
    names: Vec<String>,
    values: RwSignal<Values>,
) -> impl IntoView {
    let all = names.clone();
    let count = names.len();
    let choose = move |names: Vec<String>| {
        values.update(|values| {
            values.columns.insert(id, names);
        });
    };
    let order = StoredValue::new(names.clone());
    let toggle = move |name: &str, wanted: bool| {
        let now = values.with_untracked(|values| values.columns(id));
        // In the order of the table, whatever the order of clicks.
        let kept = |column: &&String| if column.as_str() == name { wanted } else { now.contains(column) };
        choose(order.with_value(|order| order.iter().filter(kept).cloned().collect()));
    };
    let chosen_count = move || values.with(|values| values.columns.get(id).map_or(0, Vec::len));
    view! {
        <fieldset class="refine-columns">
            <legend>{label}</legend>
            <div class="actions">
                <button type="button" class="button quiet" data-testid=format!("refine-{id}-all") on:click=move |_| choose(all.clone())>"Select all"</button>
                <button type="button" class="button quiet" on:click=move |_| choose(Vec::new())>"Select none"</button>
                <span class="hint" role="status">{move || format!("{} of {count} chosen", chosen_count())}</span>
            </div>
            <div class="choices scroll">
                {names.into_iter().enumerate().map(|(place, name)| {
                    let (shown, asked) = (name.clone(), name.clone());
                    let is_chosen = move || values.with(|values| values.columns.get(id).is_some_and(|columns| columns.contains(&asked)));
                    view! {
                        <label class="choice">
                            <input
                                type="checkbox" data-testid=format!("refine-{id}-{place}") prop:checked=is_chosen
                                on:change:target=move |event| toggle(&name, event.target().checked())
                            />
                            <span class="wrap">{shown.clone()}</span>
                        </label>
                    }
                }).collect_view()}
            </div>
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::Values;

    #[test]
    fn what_is_entered_is_read_or_refused_in_a_sentence() {
        let values = Values::default().with("k", " 5 ").with("t", "0,25").with("x", "many");
        assert_eq!(values.count::<u32>("k", "k"), Ok(5));
        assert_eq!(values.number("t", "t"), Ok(0.25));
        assert!(values.number("x", "Threshold").unwrap_err().contains("“Threshold” is no number"));
        assert!(values.count::<u8>("missing", "Rows").unwrap_err().contains("“Rows”"));
        assert!(values.some_columns("columns").is_err());
    }
}
