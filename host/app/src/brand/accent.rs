//! A tenant's colour, and the colours that can be read on it and beside it (WCAG 2.2, 1.4.3).

use std::fmt;

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent([u8; 3]);

/// White and black: on every colour one of the two can be read.
const LIGHT: Accent = Accent([255, 255, 255]);
const DARK: Accent = Accent([0, 0, 0]);
/// The surfaces of the pages in light and dark.
const GROUNDS: [Accent; 2] = [LIGHT, Accent([24, 25, 29])];
/// Contrast that text has to have.
const READABLE: f64 = 4.5;
/// Steps between a colour and the end of the scale that it is moved to.
const STEPS: u16 = 50;

impl Accent {
    /// A colour as `#rrggbb`, in either case.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The colour of text on it: white where that can be read, else black.
    #[must_use]
    pub fn text(self) -> Self {
        if self.contrast(LIGHT) >= READABLE { LIGHT } else { DARK }
    }

    /// The nearest colour of its kind that can be read as text on a light page, and on a dark one.
    #[must_use]
    pub fn inks(self) -> [Self; 2] {
        GROUNDS.map(|ground| {
            let end = if ground == LIGHT { DARK } else { LIGHT };
            let mut steps = (0..=STEPS).map(|step| self.towards(end, step));
            steps.find(|ink| ink.contrast(ground) >= READABLE).unwrap_or(end)
        })
    }

    fn towards(self, end: Self, step: u16) -> Self {
        let mut mixed = self.0;
        for (from, to) in mixed.iter_mut().zip(end.0) {
            let sum = u16::from(*from) * (STEPS - step) + u16::from(to) * step;
            *from = u8::try_from(sum / STEPS).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }

    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        });
        let [red, green, blue] = linear;
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Accent {
        Accent::read(text).expect("a colour")
    }

    #[test]
    fn a_colour_is_six_digits_and_nothing_else() {
        assert_eq!(colour("#1F5fd6").to_string(), "#1f5fd6");
        for text in ["", "#", "1f5fd6", "#1f5fd", "#1f5fd67", "#1f5fdg", "red", "#1f5fd6;}", "#éééé", "# 1f5fd"] {
            assert_eq!(Accent::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn text_on_and_beside_every_colour_can_be_read() {
        for red in (0..=255).step_by(51) {
            for green in (0..=255).step_by(51) {
                for blue in (0..=255).step_by(51) {
                    let accent = Accent([red, green, blue].map(|channel: u16| u8::try_from(channel).expect("a byte")));
                    assert!(accent.contrast(accent.text()) >= READABLE, "text on {accent}");
                    for (ink, ground) in accent.inks().into_iter().zip(GROUNDS) {
                        assert!(ink.contrast(ground) >= READABLE, "{ink} of {accent} on {ground}");
                    }
                }
            }
        }
        assert_eq!(colour("#1f5fd6").inks()[0], colour("#1f5fd6"), "what can be read is left as it is");
        assert_eq!((colour("#ffe000").text(), colour("#202020").text()), (DARK, LIGHT));
    }
}
