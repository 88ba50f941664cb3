//! The picture in the page: as wide as there is room, read out mark by mark.

use leptos::ev;
use leptos::html::Div;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::picture::{FONT, LETTERS, Mark, Shape, Zone};
use super::{Drawn, NARROWEST, USUAL_WIDTH, WIDEST, draw};

/// The picture. One stop of the Tab key; arrow keys go from mark to mark, and so does pointing.
#[component]
pub(super) fn Plot(title: String, description: String, drawn: Drawn) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let width = RwSignal::new(USUAL_WIDTH);
    let measure = move || {
        if let Some(place) = place.get_untracked() {
            let room = f64::from(place.client_width()).clamp(NARROWEST, WIDEST);
            if (room - width.get_untracked()).abs() >= 1.0 {
                width.set(room);
            }
        }
    };
    Effect::new(move |_| {
        place.track();
        measure();
    });
    let resized = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());

    let picture = Memo::new(move |_| draw(&drawn, width.get()));
    let pointed = RwSignal::new(None::<usize>);
    let says = move || {
        pointed
            .get()
            .and_then(|at| picture.with(|picture| picture.zones.get(at).map(|zone| zone.says.clone())))
    };
    let step = move |event: KeyboardEvent| {
        let count = picture.with_untracked(|picture| picture.zones.len());
        let now = pointed.get_untracked();
        let Some(last) = count.checked_sub(1) else { return };
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => now.map_or(0, |now| (now + 1).min(last)),
            "ArrowLeft" | "ArrowUp" => now.map_or(last, |now| now.saturating_sub(1)),
            "Home" => 0,
            "End" => last,
            "Escape" => {
                pointed.set(None);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        pointed.set(Some(next));
    };
    let label = format!("{title}. The arrow keys go from mark to mark.");
    view! {
        <div class="chart-plot" node_ref=place tabindex="0" role="group" aria-label=label data-testid="chart-plot" on:keydown=step>
            {move || picture.with(|picture| {
                let (width, height) = (picture.width, picture.height);
                view! {
                    <svg
                        role="img" width=format!("{width:.0}") height=format!("{height:.0}")
                        viewBox=format!("0 0 {width:.0} {height:.0}") font-family=FONT font-size=LETTERS.to_string()
                    >
                        <title>{title.clone()}</title>
                        <desc>{description.clone()}</desc>
                        {picture.marks.iter().map(mark_view).collect_view()}
                        {picture.zones.iter().enumerate().map(|(at, zone)| zone_view(at, zone, pointed)).collect_view()}
                    </svg>
                }
            })}
        </div>
        <p class="chart-says wrap" role="status" data-testid="chart-says">
            {move || says().unwrap_or_else(|| "Point at a mark, or go through them with the arrow keys, for all digits.".into())}
        </p>
    }
}

fn mark_view(mark: &Mark) -> AnyView {
    let colour = format!("var({})", mark.ink.token());
    let (fill, opacity) = if mark.filled {
        (colour.clone(), format!("{:.3}", mark.opacity))
    } else {
        ("none".to_owned(), "1".to_owned())
    };
    let stroke = (!mark.filled).then_some(colour);
    let thickness = (!mark.filled).then(|| mark.thickness.to_string());
    let number = |value: f64| format!("{value:.1}");
    match &mark.shape {
        Shape::Box { x, y, width, height } => view! {
            <rect
                x=number(*x) y=number(*y) width=number(*width) height=number(*height)
                fill=fill fill-opacity=opacity stroke=stroke stroke-width=thickness
            ></rect>
        }
        .into_any(),
        Shape::Line { from, to } => view! {
            <line
                x1=number(from.0) y1=number(from.1) x2=number(to.0) y2=number(to.1)
                stroke=stroke stroke-width=thickness
            ></line>
        }
        .into_any(),
        Shape::Dot { at, radius } => view! {
            <circle
                cx=number(at.0) cy=number(at.1) r=number(*radius)
                fill=fill fill-opacity=opacity stroke=stroke stroke-width=thickness
            ></circle>
        }
        .into_any(),
        Shape::Words { at, text, anchor, full } => view! {
            <text x=number(at.0) y=number(at.1) text-anchor=anchor.name() fill=fill>
                {text.clone()}
                {full.clone().map(|full| view! { <title>{full}</title> })}
            </text>
        }
        .into_any(),
    }
}

fn zone_view(at: usize, zone: &Zone, pointed: RwSignal<Option<usize>>) -> impl IntoView + use<> {
    let number = |value: f64| format!("{value:.1}");
    view! {
        <rect
            class="chart-zone" class:pointed=move || pointed.get() == Some(at)
            x=number(zone.x) y=number(zone.y) width=number(zone.width) height=number(zone.height) rx="2"
            on:pointerenter=move |_| pointed.set(Some(at)) on:click=move |_| pointed.set(Some(at))
        >
            <title>{zone.says.clone()}</title>
        </rect>
    }
}
