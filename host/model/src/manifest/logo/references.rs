//! How often a logo draws its own parts: few references, so that it is drawn soon.
//!
//! A short text can ask for an endless drawing: a group that uses another one twice, which uses a third one twice, doubles
//! with each level. To grow like that a drawing has to refer to its own parts often, so such references are counted
//! ([`AGAIN`]). 16 of them draw no part more than 324 times: five levels, of which four use the next one three times and one
//! uses it four times, are the most that can be made of 16.
//!
//! That holds as long as one reference draws once. So what would make more of it is not allowed: `pattern`, because a fill is
//! inherited by everything inside; a mask, clip or filter that a style sheet gives to many elements at once; and words by
//! which one element takes over another one's ([`PASSED_ON`]). Gradients draw nothing of the drawing, and may be referred to
//! from anywhere.

use std::collections::BTreeSet;

/// References that draw a part again, or draw into one: `use`, and `url(#…)` to a mask, clip or filter.
const AGAIN: usize = 16;
/// Steps of all filters together: each of them goes over the whole picture, as often as its filter is referred to.
const STEPS: usize = 32;
/// By these, a mask, clip or filter of one element would be that of others.
const PASSED_ON: [&str; 3] = ["inherit", "var(", "attr("];

/// What a logo refers to; all in lower case, where ids that differ only in case are the same.
#[derive(Default)]
pub(super) struct References<'t> {
    uses: usize,
    steps: usize,
    /// The ids of gradients, and those of anything else.
    gradients: BTreeSet<&'t str>,
    others: BTreeSet<&'t str>,
    /// What elements refer to by `url(#…)`, and what style sheets do.
    of_elements: Vec<&'t str>,
    of_sheets: Vec<&'t str>,
}

impl<'t> References<'t> {
    /// An element begins.
    pub(super) fn element(&mut self, name: &str) {
        self.uses += usize::from(name == "use");
        self.steps += usize::from(name.starts_with("fe"));
    }

    /// It has this attribute.
    pub(super) fn of_element(&mut self, name: &str, attribute: &str, value: &'t str) {
        if attribute == "id" {
            let ids = if name.ends_with("gradient") { &mut self.gradients } else { &mut self.others };
            ids.insert(value.trim());
        }
        self.of_elements.extend(targets(value));
    }

    /// This stands between two tags: a style sheet, or words.
    pub(super) fn of_sheet(&mut self, text: &'t str) {
        self.of_sheets.extend(targets(text));
    }

    /// Whether it is drawn soon; `text` is the whole logo.
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        // An id that is there twice names the first one, whichever that is.
        let draws = |target: &&&str| !self.gradients.contains(**target) || self.others.contains(**target);
        if let Some(target) = self.of_sheets.iter().find(draws) {
            return Err(format!("its style sheet may lead to gradients only, and #{target} is none"));
        }
        let drawn = self.of_elements.iter().filter(draws).count();
        if let Some(word) = PASSED_ON.iter().find(|word| drawn > 0 && text.contains(**word)) {
            return Err(format!("{word} is not allowed beside masks, clips and filters"));
        }
        let again = self.uses + drawn;
        if again > AGAIN {
            return Err(format!(
                "it draws parts again {again} times (use, masks, clips, filters); {AGAIN} are the most"
            ));
        }
        if self.steps > STEPS {
            return Err(format!("its filters have {} steps; {STEPS} are the most", self.steps));
        }
        Ok(())
    }
}

/// The ids that `url(#…)` leads to.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("url(").map(|(at, found)| {
        let target = text.get(at + found.len()..).unwrap_or_default();
        let target = target.trim_start_matches(['"', '\'', ' ', '#']);
        target.split([')', '"', '\'', ' ']).next().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::check;

    /// Levels that each use the next one so many times; the last one is a dot.
    fn levels(levels: &[usize]) -> String {
        let mut text = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path id=\"l0\" d=\"M0 0h1\"/>".to_owned();
        for (level, times) in levels.iter().enumerate() {
            let uses = format!("<use href=\"#l{level}\"/>").repeat(*times);
            text.push_str(&format!("<g id=\"l{}\">{uses}</g>", level + 1));
        }
        text + "</svg>"
    }

    fn svg(inside: &str) -> Result<(), String> {
        check(&format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inside}</svg>"))
    }

    fn refused(inside: &str, why: &str) {
        assert!(svg(inside).is_err_and(|told| told.contains(why)), "{why}: {:?} of {inside}", svg(inside));
    }

    #[test]
    fn a_drawing_that_doubles_with_each_level_is_refused() {
        assert_eq!(check(&levels(&[3, 3, 3, 3, 4])), Ok(()));
        for bomb in [levels(&[2; 30]), levels(&[2; 9]), levels(&[17])] {
            assert!(check(&bomb).is_err_and(|why| why.contains("16 are the most")), "{bomb}");
        }
        let closed = "<use href=\"#a\"></use>".repeat(16);
        assert_eq!(svg(&closed), Ok(()), "the end of an element is no other one");
    }

    #[test]
    fn masks_clips_and_filters_are_counted_with_them() {
        for attribute in ["mask", "clip-path", "filter", "style"] {
            let value = if attribute == "style" { "mask:url(#a)" } else { "url(#a)" };
            let parts = |count: usize| format!("<path {attribute}=\"{value}\"/>").repeat(count);
            assert_eq!(svg(&format!("<mask id=\"a\"/>{}", parts(16))), Ok(()), "{attribute}");
            refused(&format!("<mask id=\"a\"/>{}", parts(17)), "17 times");
            refused(&format!("<mask id=\"a\"/><use href=\"#a\"/>{}", parts(16)), "17 times");
        }
        refused("<pattern id=\"a\"/>", "<pattern>");
        refused(&format!("<filter>{}</filter>", "<feOffset/>".repeat(33)), "33 steps");
        refused("<g style=\"filter:blur(9px)\"/>", "an effect of CSS");
    }

    #[test]
    fn a_gradient_may_be_referred_to_as_often_as_it_is_needed() {
        let filled = "<path fill=\"url(#Sky)\"/><path style=\"fill:url('#Sky')\"/>".repeat(100);
        let gradient = "<style>.a{fill:url(#Sky)}</style><linearGradient id=\"Sky\"/>";
        assert_eq!(svg(&format!("{gradient}{filled}<g fill=\"inherit\"/>")), Ok(()));
        // Not where the id is, or may be, that of something else.
        for other in ["<mask id=\"Sky\"/>", "<mask id=\"sky\"/>"] {
            refused(&format!("{other}<linearGradient id=\"Sky\"/>{filled}"), "16 are the most");
        }
    }

    #[test]
    fn one_reference_cannot_be_made_that_of_many_elements() {
        refused("<mask id=\"a\"/><style>path{mask:url(#a)}</style>", "gradients only");
        refused("<linearGradient id=\"a\"/><style>path{mask:url(#%61)}</style>", "gradients only");
        refused("<mask id=\"a\"/><g mask=\"url(#a)\"/><style>*{mask:inherit}</style>", "inherit");
        refused("<g mask=\"url(#a)\"><path mask=\"inherit\"/></g>", "inherit");
        refused("<g style=\"--a:url(#a)\"/><style>*{mask:var(--a)}</style>", "var(");
    }
}
