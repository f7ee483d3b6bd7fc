//! What stands in a fixture for an answer that cannot be looked through: XML, CSV, HTML, files.
//!
//! Names stand anywhere in such a text, so none of it is kept. What stands for it is of the same media type, so that a
//! connector meets the kind of answer that it met.

use patchbay_fixture::Answer;

/// Puts another text in the place of what is no JSON; the media type, where something was taken out.
pub(super) fn withhold(answer: &mut Answer) -> Option<String> {
    let text = answer.text.as_deref().map(str::trim);
    // `null` is JSON, which a fixture cannot say otherwise.
    if answer.base64.is_none() && text.is_none_or(|text| text.is_empty() || text == "null") {
        return None;
    }
    let said = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let media = said.map(|(_, value)| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let media = media.filter(|media| !media.is_empty()).unwrap_or_else(|| guessed(text).to_owned());
    answer.text = Some(in_place_of(&media).to_owned());
    answer.base64 = None;
    Some(media)
}

fn guessed(text: Option<&str>) -> &'static str {
    match text {
        None => "application/octet-stream",
        Some(text) if text.starts_with(['{', '[']) => "application/json",
        Some(text) if text.to_ascii_lowercase().contains("<html") => "text/html",
        Some(text) if text.starts_with('<') => "application/xml",
        Some(_) => "text/plain",
    }
}

fn in_place_of(media: &str) -> &'static str {
    match media {
        "text/html" | "application/xhtml+xml" => {
            "<!doctype html><html><head><title>Not kept</title></head><body>Not kept</body></html>"
        }
        "text/csv" => "not_kept\n",
        "application/pdf" => "%PDF-1.4\n%%EOF\n",
        // It was cut, or there would be a body.
        json if json.ends_with("json") => "{",
        xml if xml.ends_with("xml") => "<?xml version=\"1.0\" encoding=\"UTF-8\"?><not-kept/>",
        _ => "Not kept.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(media: &str, text: &str) -> Answer {
        let headers = [("content-type".to_owned(), media.to_owned())].into();
        Answer { headers, text: Some(text.to_owned()), ..Answer::default() }
    }

    #[test]
    fn a_recording_keeps_no_text_that_is_no_json_and_its_media_type() {
        let record = "<klant>Els Claes</klant>";
        for (media, begins) in [
            ("text/html; charset=utf-8", "<!doctype html>"),
            ("application/xml", "<?xml"),
            ("application/atom+xml", "<?xml"),
            ("text/csv", "not_kept"),
            ("text/plain", "Not kept."),
            ("application/json", "{"),
            ("application/pdf", "%PDF"),
        ] {
            let mut answer = answer(media, record);
            assert_eq!(withhold(&mut answer).as_deref(), media.split(';').next());
            let text = answer.text.unwrap_or_default();
            assert!(text.starts_with(begins) && !text.contains("Claes"), "{media}: {text}");
            assert_eq!(answer.headers["content-type"], media);
        }
    }

    #[test]
    fn a_recording_keeps_no_bytes_and_an_answer_that_says_no_kind_is_one_all_the_same() {
        let mut file = Answer { base64: Some("/+7dzA==".to_owned()), ..Answer::default() };
        assert_eq!(withhold(&mut file).as_deref(), Some("application/octet-stream"));
        assert_eq!((file.base64, file.text.as_deref()), (None, Some("Not kept.")));
        let mut untold = Answer { text: Some("<a>Els</a>".to_owned()), ..Answer::default() };
        assert_eq!(withhold(&mut untold).as_deref(), Some("application/xml"));
    }

    #[test]
    fn json_and_nothing_at_all_are_recorded_as_they_are() {
        for mut answer in [
            Answer { body: Some(serde_json::json!({ "a": 1 })), ..Answer::default() },
            Answer { text: Some("null".to_owned()), ..Answer::default() },
            Answer::default(),
        ] {
            let before = answer.clone();
            assert_eq!(withhold(&mut answer), None);
            assert_eq!(answer, before);
        }
    }
}
