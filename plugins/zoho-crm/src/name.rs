//! Names of files, and the id that a person's words of a folder hold.

use patchbay_sdk::Result;

use crate::push::mark;

/// Characters of a file's name before its mark.
const NAME: usize = 120;

/// An id as it is, or the one in the address of a folder's page.
pub(crate) fn folder_id(text: &str) -> Option<String> {
    let id = match text.split_once("://") {
        None => text,
        Some((_, address)) => {
            let path = address.split(['?', '#']).next().unwrap_or_default();
            let parts: Vec<&str> = path.split('/').collect();
            let behind = |word: &str| {
                let at = parts.iter().rposition(|part| *part == word)?;
                parts.get(at + 1).copied().filter(|part| !matches!(*part, "" | "files"))
            };
            behind("folder").or_else(|| behind("folders")).or_else(|| behind("ws"))?
        }
    };
    let good = (4..=80).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    good.then(|| id.to_owned())
}

/// A file's name with the mark before its ending, without what no name may hold.
pub(crate) fn marked(name: &str, number: usize) -> Result<String> {
    let mark = mark(&format!("upload-{number}"))?;
    let clean: String = name
        .chars()
        .map(|letter| if letter.is_control() || "/\\:*?\"<>|".contains(letter) { '-' } else { letter })
        .collect();
    let (stem, ending) = split(clean.trim());
    let stem: String = stem.chars().take(NAME).collect();
    Ok(format!("{} (pb-{mark}){ending}", stem.trim_end()))
}

/// A name and its ending with the dot; one that is longer than six letters is none.
pub(crate) fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 7 && name.len() - at > 1 => name.split_at(at),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{folder_id, split};

    #[test]
    fn a_folder_is_named_by_its_id_or_by_the_address_of_its_page() {
        let id = |text: &str| folder_id(text);
        assert_eq!(id("o5cfk07").as_deref(), Some("o5cfk07"));
        assert_eq!(id("https://workdrive.zoho.eu/folder/o5cfk07?x=1").as_deref(), Some("o5cfk07"));
        let ws = "https://workdrive.zoho.eu/home/tm5/teams/tm5/ws/wsverslagen01/folders/files";
        assert_eq!(id(ws).as_deref(), Some("wsverslagen01"));
        assert_eq!(id("https://workdrive.zoho.eu/home/t/teams/t/ws/w1w1/folders/ab12").as_deref(), Some("ab12"));
        for wrong in ["", "a b", "../x", "https://workdrive.zoho.eu/", "https://x.example/folder/", "a/b"] {
            assert_eq!(id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_ending_of_a_name_is_short_and_behind_something() {
        assert_eq!(split("Verslag 12.03.pdf"), ("Verslag 12.03", ".pdf"));
        assert_eq!(split("Verslag. Met de klant"), ("Verslag. Met de klant", ""));
        assert_eq!(split(".env"), (".env", ""));
        assert_eq!(split("naam."), ("naam.", ""));
    }
}
