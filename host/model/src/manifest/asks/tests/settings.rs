use super::*;

/// The manifest with these properties in its settings.
fn with(properties: &str) -> Asks {
    let settings = format!("settings = '{{\"type\": \"object\", \"properties\": {{{properties}}}}}'\n\n[limits]");
    changed("[limits]", &settings)
}

const FOLDER: &str =
    r#""folder": {"type": "string", "title": "Folder", "description": "Where reports go.", "maxLength": 99}"#;

#[test]
fn whatever_leads_people_to_type_something_else_is_power() {
    let granted = with(FOLDER);
    let more = |more: &str| format!("{FOLDER}, {more}");
    let other = |from: &str, to: &str| FOLDER.replacen(from, to, 1);
    for (properties, told) in [
        (more(r#""key": {"type": "string", "title": "What you use at your bank"}"#), "What you use at your bank (key)"),
        (more(r#""code": {"type": "string"}"#), "something new in the settings: code"),
        (more(r#""code": true"#), "something new in the settings: code"),
        (more(r#""code": {"type": "integer", "title": "The six digits"}"#), "The six digits (code)"),
        (more(r#""other": {"type": "object", "properties": {"deep": {"type": "string"}}}"#), "settings: deep"),
        (other("Folder", "What you use at your bank"), "What you use at your bank (folder; Where reports go.)"),
        (other("Where reports go.", "What your bank sent you."), "Folder (folder; What your bank sent you.)"),
        (other("\"string\"", "\"string\", \"format\": \"email\""), "read as email"),
        (other("\"string\"", "\"string\", \"examples\": [\"M0nday!\"]"), "such as M0nday!"),
        (other("\"string\"", "\"string\", \"default\": \"What your bank sent\""), "begins as What your bank sent"),
        (other("\"title\"", "\"default\": [\"Your PIN here\"], \"title\""), "begins as [\"Your PIN here\"]"),
    ] {
        let asked = with(&properties);
        let lines = asked.beyond(&granted);
        assert!(lines.iter().any(|line| line.contains(told)), "{told:?} is not in {lines:#?}");
        let card = asked.card(&granted);
        assert!(card.iter().any(|line| line.change() != CardChange::Same), "{properties}");
    }
}

#[test]
fn settings_that_move_or_are_chosen_or_are_gone_are_no_power() {
    let granted = with(&format!("{FOLDER}, \"days\": {{\"type\": \"integer\", \"title\": \"Days\"}}"));
    for properties in [
        FOLDER.to_owned(),
        FOLDER.replacen("99", "50", 1),
        format!("\"group\": {{\"type\": \"object\", \"enum\": [{{}}], \"properties\": {{{FOLDER}}}}}"),
        format!("\"reports\": {{\"type\": \"boolean\", \"title\": \"Send reports\"}}, {FOLDER}"),
        format!("\"place\": {{\"title\": \"Place\", \"enum\": [\"here\", \"there\"]}}, {FOLDER}"),
    ] {
        assert_eq!(with(&properties).beyond(&granted), Vec::<String>::new(), "{properties}");
    }
}

/// The host fills them in from the release that was approved; without that, all of it is asked again.
#[test]
fn an_approval_from_before_settings_were_noted_is_read_and_grants_none() {
    let asked = with(FOLDER);
    let mut stored = serde_json::to_value(&asked).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("settings").is_some());
    let old: Asks = serde_json::from_value(stored).unwrap();
    assert_eq!(old.settings, None);
    for granted in [old, Asks::default()] {
        assert!(asked.beyond(&granted).iter().any(|line| line.contains("new in the settings: Folder")));
    }
}

#[test]
fn whoever_approves_reads_what_is_asked_in_the_settings() {
    let settings = format!("settings = '{{\"type\": \"object\", \"properties\": {{{FOLDER}}}}}'\n\n[limits]");
    let manifest = parse(&MANIFEST.replacen("[limits]", &settings, 1), &|_| None).unwrap();
    let sentences = manifest.asks().sentences(&manifest);
    let told = "Asks people in the settings for Folder (folder; Where reports go.), in plain text, and is told it";
    assert!(sentences.iter().any(|sentence| sentence == told), "{sentences:#?}");
    let card = manifest.asks().card(&Asks::default());
    let line = card.iter().find(|line| line.subject == "asks in the settings for folder").expect("a line");
    assert!(line.after.as_deref().is_some_and(|text| text.contains("Folder (folder; Where reports go.)")), "{line:?}");
}
