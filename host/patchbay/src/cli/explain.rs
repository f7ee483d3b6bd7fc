//! `patchbay explain CODE`

use patchbay_model::Code;

use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The code, e.g. PB1001 or 1001. Without one: all codes.
    code: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Stop> {
    let Some(wanted) = &args.code else {
        for code in Code::ALL {
            println!("{}  {}", code.id(), code.title());
        }
        return Ok(Exit::Done);
    };
    match find(wanted) {
        Ok(code) => {
            print!("{}", code.page());
            Ok(Exit::Done)
        }
        Err(nearest) => {
            eprintln!("There is no code {wanted}.");
            for code in nearest {
                eprintln!("  {}  {}", code.id(), code.title());
            }
            Ok(Exit::Refused)
        }
    }
}

/// The code of a text, or those nearest to it: by number, else by the words of their titles.
fn find(text: &str) -> Result<Code, Vec<Code>> {
    let bare = text.trim();
    let numbered = format!("PB{bare}");
    if let Some(code) = Code::from_id(bare).or_else(|| Code::from_id(&numbered)) {
        return Ok(code);
    }
    let wanted = bare.to_ascii_uppercase();
    let by_number = wanted.starts_with("PB") || wanted.starts_with(|first: char| first.is_ascii_digit());
    let likeness = |code: &Code| {
        if by_number {
            let wanted = wanted.trim_start_matches("PB");
            strsim::normalized_damerau_levenshtein(code.id().trim_start_matches("PB"), wanted)
        } else {
            code.title()
                .split_whitespace()
                .map(|word| strsim::jaro_winkler(&word.to_ascii_uppercase(), &wanted))
                .fold(0.0, f64::max)
        }
    };
    let mut codes: Vec<(f64, Code)> = Code::ALL.iter().map(|code| (likeness(code), *code)).collect();
    codes.sort_by(|a, b| b.0.total_cmp(&a.0));
    Err(codes.into_iter().take(3).map(|(_, code)| code).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for text in ["PB1001", "pb1001", "1001", " PB1001 "] {
            assert_eq!(find(text), Ok(Code::NotAComponent));
        }
    }

    #[test]
    fn an_unknown_code_names_its_nearest() {
        assert!(find("PB100").expect_err("none").contains(&Code::CoreModule));
        assert!(find("manifest").expect_err("none").contains(&Code::ManifestInvalid));
    }
}
