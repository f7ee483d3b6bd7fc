//! Days as queries write them: `21112026`.

/// `21112026` as `2026-11-21`; an ISO date is what the provider refuses.
pub(super) fn of_query(name: &str, text: &str) -> Result<String, String> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (Some(day), Some(month), Some(year)) = (text.get(..2), text.get(2..4), text.get(4..8)) else {
        return Err(wrong(name, text));
    };
    let real = digits && ("01"..="31").contains(&day) && ("01"..="12").contains(&month);
    if real { Ok(format!("{year}-{month}-{day}")) } else { Err(wrong(name, text)) }
}

/// `2026-11-30T00:00:00`, without an offset.
pub(super) fn is_body_date(text: &str) -> bool {
    text.len() == 19
        && text.char_indices().all(|(at, letter)| match at {
            4 | 7 => letter == '-',
            10 => letter == 'T',
            13 | 16 => letter == ':',
            _ => letter.is_ascii_digit(),
        })
}

fn wrong(name: &str, text: &str) -> String {
    format!("query parameter {name:?} must be a day as ddMMyyyy, not {text:?}")
}
