//! Whether a picture may be a tenant's logo: what it says that it is, small, and nothing but a picture.

use patchbay_model::{Code, Fault, manifest::check_logo};

/// Bytes of a logo.
const BYTES: usize = 64 * 1024;
/// Pixels of each side of a PNG: what is a few bytes here must not be gigabytes in a browser.
const SIDE: u32 = 4_096;
/// The first bytes of every PNG, and of the chunk that says its size (PNG specification, 5.2 and 11.2.1).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const HEADER: &[u8] = b"\0\0\0\rIHDR";

/// A logo that somebody sent.
#[derive(Debug)]
pub struct NewLogo {
    /// `image/svg+xml` or `image/png`.
    pub media_type: String,
    /// The picture.
    pub data: Vec<u8>,
}

/// What kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoKind {
    /// Drawn by a text.
    Svg,
    /// Pixels.
    Png,
}

impl LogoKind {
    /// The kind of an ending.
    #[must_use]
    pub fn of(extension: &str) -> Option<Self> {
        [Self::Svg, Self::Png].into_iter().find(|kind| kind.extension() == extension)
    }

    /// How an address of it ends.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
        }
    }
}

impl NewLogo {
    /// The kind of the picture; refused with what has to be done when it is none.
    pub(super) fn check(&self) -> Result<LogoKind, Fault> {
        let refused = |pointer: &str, why: String| Err(Fault::new(Code::BodyInvalid).field(pointer, why));
        if self.data.is_empty() || self.data.len() > BYTES {
            return refused("/logo/data", format!("has {} bytes; it must have 1 to {BYTES}", self.data.len()));
        }
        match self.media_type.as_str() {
            "image/svg+xml" => {
                let text = std::str::from_utf8(&self.data);
                let text = text.map_err(|_| Fault::new(Code::BodyInvalid).field("/logo/data", "is no SVG in UTF-8"))?;
                match check_logo(text) {
                    Ok(()) => Ok(LogoKind::Svg),
                    Err(why) => refused(
                        "/logo/data",
                        format!("{why}: save it as a plain SVG of shapes, without scripts, images or links, or as PNG"),
                    ),
                }
            }
            "image/png" => match sides(&self.data) {
                None => refused("/logo/data", "is no PNG".to_owned()),
                Some((width, height)) if (1..=SIDE).contains(&width) && (1..=SIDE).contains(&height) => {
                    Ok(LogoKind::Png)
                }
                Some((width, height)) => {
                    refused("/logo/data", format!("has {width} × {height} pixels; {SIDE} × {SIDE} are the most"))
                }
            },
            _ => refused("/logo/media_type", "must be image/svg+xml or image/png".to_owned()),
        }
    }
}

/// Width and height of a PNG, as its first chunk says.
fn sides(data: &[u8]) -> Option<(u32, u32)> {
    let sizes = data.strip_prefix(PNG)?.strip_prefix(HEADER)?;
    let (width, rest) = sizes.split_first_chunk::<4>()?;
    let (height, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        [PNG, HEADER, &width.to_be_bytes(), &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat()
    }

    fn checked(media_type: &str, data: &[u8]) -> Result<LogoKind, String> {
        let logo = NewLogo { media_type: media_type.to_owned(), data: data.to_vec() };
        logo.check().map_err(|fault| fault.fields.iter().map(|field| field.message.clone()).collect())
    }

    #[test]
    fn a_picture_is_taken_for_what_its_bytes_say() {
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h8v8z\"/></svg>";
        assert_eq!(checked("image/svg+xml", svg), Ok(LogoKind::Svg));
        assert_eq!(checked("image/png", &png(64, 64)), Ok(LogoKind::Png));
        assert!(checked("image/png", svg).is_err_and(|why| why == "is no PNG"));
        assert!(checked("image/svg+xml", &png(64, 64)).is_err());
        assert!(checked("image/gif", b"GIF89a").is_err_and(|why| why.contains("image/png")));
    }

    #[test]
    fn a_picture_that_is_more_than_a_picture_or_too_large_is_refused() {
        for svg in [
            "<svg><script>alert(1)</script></svg>",
            "<svg onload=\"alert(1)\"/>",
            "<svg><image href=\"https://evil.example/x.png\"/></svg>",
            "<svg><foreignObject><iframe/></foreignObject></svg>",
            "<!DOCTYPE svg [<!ENTITY x \"y\">]><svg/>",
            "<html/>",
        ] {
            assert!(checked("image/svg+xml", svg.as_bytes()).is_err(), "{svg}");
        }
        assert!(checked("image/png", &png(4_097, 1)).is_err_and(|why| why.contains("4097 × 1")));
        assert!(checked("image/png", &png(0, 1)).is_err());
        assert!(checked("image/png", PNG).is_err());
        let long = [png(1, 1), vec![0; BYTES]].concat();
        assert!(checked("image/png", &long).is_err_and(|why| why.contains("65536")));
        assert!(checked("image/png", b"").is_err());
    }
}
