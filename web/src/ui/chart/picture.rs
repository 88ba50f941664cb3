//! A drawing as data, so that the page shows the very picture that is saved.

use core::fmt::Write as _;

/// Size of the letters.
pub(super) const LETTERS: f64 = 12.5;
/// What letters are drawn in; a saved picture has no style sheet.
pub(super) const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif";

/// What a mark is drawn with: a colour token of the style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ink {
    /// Words and axes that matter.
    Text,
    /// Words that matter less.
    Muted,
    /// Grid lines.
    Grid,
    /// The paper.
    Surface,
    /// One of six series.
    Series(u8),
}

impl Ink {
    /// The inks of a picture.
    pub(super) const ALL: [Self; 10] = [
        Self::Text,
        Self::Muted,
        Self::Grid,
        Self::Surface,
        Self::Series(0),
        Self::Series(1),
        Self::Series(2),
        Self::Series(3),
        Self::Series(4),
        Self::Series(5),
    ];

    /// The token that decides its colour.
    pub(super) const fn token(self) -> &'static str {
        match self {
            Self::Text => "--text",
            Self::Muted => "--text-muted",
            Self::Grid => "--border",
            Self::Surface => "--surface-raised",
            Self::Series(number) => match number % 6 {
                0 => "--chart-1",
                1 => "--chart-2",
                2 => "--chart-3",
                3 => "--chart-4",
                4 => "--chart-5",
                _ => "--chart-6",
            },
        }
    }
}

/// Which end of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    /// As an attribute of SVG.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// The outline of a mark. Lengths are in CSS pixels, from the upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Box { x: f64, y: f64, width: f64, height: f64 },
    Line { from: (f64, f64), to: (f64, f64) },
    Dot { at: (f64, f64), radius: f64 },
    Words { at: (f64, f64), text: String, anchor: Anchor, full: Option<String> },
}

/// Something drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    pub(super) shape: Shape,
    pub(super) ink: Ink,
    /// Filled with it; else it is the outline that is drawn. Lines and words know no difference.
    pub(super) filled: bool,
    /// Of filled marks, from 0 to 1.
    pub(super) opacity: f64,
    /// Of outlines and lines.
    pub(super) thickness: f64,
}

/// A part of the picture that stands for numbers: what is said when it is pointed at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Zone {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) says: String,
}

/// A drawing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) marks: Vec<Mark>,
    pub(super) zones: Vec<Zone>,
}

impl Picture {
    /// An empty one.
    pub(super) const fn new(width: f64, height: f64) -> Self {
        Self { width, height, marks: Vec::new(), zones: Vec::new() }
    }

    fn add(&mut self, shape: Shape, ink: Ink, filled: bool) -> &mut Mark {
        self.marks.push(Mark { shape, ink, filled, opacity: 1.0, thickness: 1.0 });
        self.marks.last_mut().expect("one was just added")
    }

    /// A filled rectangle.
    pub(super) fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, ink: Ink) -> &mut Mark {
        self.add(Shape::Box { x, y, width: width.max(0.0), height: height.max(0.0) }, ink, true)
    }

    /// The outline of a rectangle, on paper.
    pub(super) fn frame(&mut self, x: f64, y: f64, width: f64, height: f64, ink: Ink) {
        self.bar(x, y, width, height, Ink::Surface);
        self.add(Shape::Box { x, y, width: width.max(0.0), height: height.max(0.0) }, ink, false).thickness =
            1.5;
    }

    /// A line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, thickness: f64) {
        self.add(Shape::Line { from, to }, ink, false).thickness = thickness;
    }

    /// A filled dot.
    pub(super) fn dot(&mut self, at: (f64, f64), radius: f64, ink: Ink) -> &mut Mark {
        self.add(Shape::Dot { at, radius }, ink, true)
    }

    /// A ring, on paper.
    pub(super) fn ring(&mut self, at: (f64, f64), radius: f64, ink: Ink) {
        self.dot(at, radius, Ink::Surface);
        self.add(Shape::Dot { at, radius }, ink, false).thickness = 2.0;
    }

    /// Words no wider than `room`.
    pub(super) fn words(&mut self, at: (f64, f64), text: &str, anchor: Anchor, ink: Ink, room: f64) {
        let shown = fitted(text, room);
        let full = (shown != text).then(|| text.to_owned());
        self.add(Shape::Words { at, text: shown, anchor, full }, ink, true);
    }

    /// A zone that says something when it is pointed at.
    pub(super) fn zone(&mut self, x: f64, y: f64, width: f64, height: f64, says: String) {
        self.zones.push(Zone { x, y, width, height, says });
    }

    /// A file of its own. `colour` gives the colour of each ink.
    pub(super) fn to_svg(&self, title: &str, description: &str, colour: impl Fn(Ink) -> String) -> String {
        let (width, height) = (self.width, self.height);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"{FONT}\" font-size=\"{LETTERS}\" role=\"img\">\n\
             <title>{}</title>\n<desc>{}</desc>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n",
            escaped(title),
            escaped(description),
            escaped(&colour(Ink::Surface))
        );
        for mark in &self.marks {
            let colour = escaped(&colour(mark.ink));
            let paint = if mark.filled {
                format!("fill=\"{colour}\" fill-opacity=\"{:.3}\"", mark.opacity)
            } else {
                format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"{}\"", mark.thickness)
            };
            // Writing to a string does not fail.
            let _ = match &mark.shape {
                Shape::Box { x, y, width, height } => writeln!(
                    svg,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" {paint}/>"
                ),
                Shape::Line { from, to } => writeln!(
                    svg,
                    "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" {paint}/>",
                    from.0, from.1, to.0, to.1
                ),
                Shape::Dot { at, radius } => {
                    writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" {paint}/>", at.0, at.1)
                }
                Shape::Words { at, text, anchor, .. } => writeln!(
                    svg,
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{}\" {paint}>{}</text>",
                    at.0,
                    at.1,
                    anchor.name(),
                    escaped(text)
                ),
            };
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// Where words around `x` go, so that they stay in a picture of this width.
pub(super) fn kept_inside(x: f64, text: &str, width: f64) -> (f64, Anchor) {
    const EDGE: f64 = 2.0;
    let half = width_of(text) / 2.0;
    if x - half < EDGE {
        (EDGE, Anchor::Start)
    } else if x + half > width - EDGE {
        (width - EDGE, Anchor::End)
    } else {
        (x, Anchor::Middle)
    }
}

/// Text that is safe in XML, between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            // XML has no place for other control characters, however they are written.
            control if control.is_control() || control == '\u{fffe}' || control == '\u{ffff}' => {}
            other => safe.push(other),
        }
    }
    safe
}

/// How wide a text is, about: letters are not measured, so that a picture is the same everywhere.
pub(super) fn width_of(text: &str) -> f64 {
    text.chars()
        .map(|letter| match letter {
            'i' | 'j' | 'l' | 't' | 'f' | 'r' | '.' | ',' | ' ' | '\'' | '|' | '(' | ')' => 0.36,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.9,
            'A'..='Z' => 0.68,
            letter if u32::from(letter) >= 0x1100 => 1.05,
            _ => 0.57,
        })
        .sum::<f64>()
        * LETTERS
}

/// The text, or as much of its beginning as there is room for.
fn fitted(text: &str, room: f64) -> String {
    if width_of(text) <= room {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut width = width_of("…");
    for letter in text.chars() {
        width += width_of(letter.encode_utf8(&mut [0; 4]));
        if width > room {
            break;
        }
        shown.push(letter);
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn names_stay_text_in_a_saved_picture() {
        let mut picture = Picture::new(300.0, 100.0);
        picture.words((0.0, 20.0), "<img src=x onerror=\"run()\">", Anchor::Start, Ink::Text, 1_000.0);
        let svg = picture.to_svg("<b>", "a & b\u{0}", |_| "#000".into());
        assert!(svg.contains("&lt;img src=x onerror=&quot;run()&quot;&gt;"), "{svg}");
        assert!(svg.contains("<title>&lt;b&gt;</title>") && svg.contains("a &amp; b<"), "{svg}");
    }

    #[test]
    fn long_words_are_cut_and_kept_whole_beside() {
        let mut picture = Picture::new(300.0, 100.0);
        let long = "x".repeat(200);
        picture.words((0.0, 0.0), &long, Anchor::Start, Ink::Text, 100.0);
        let Shape::Words { text, full, .. } = &picture.marks[0].shape else { panic!("no words") };
        assert!(text.ends_with('…') && width_of(text) <= 100.0, "{text}");
        assert_eq!(full.as_deref(), Some(long.as_str()));
        assert_eq!(fitted("日本語", 40.0), "日本語");
    }
}
