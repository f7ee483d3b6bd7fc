use super::*;

fn lines(before: &Asks, after: &Asks) -> Vec<CardLine> {
    after.card(before)
}

fn find<'l>(lines: &'l [CardLine], subject: &str) -> &'l CardLine {
    lines.iter().find(|line| line.subject == subject).unwrap_or_else(|| panic!("no {subject:?} in {lines:#?}"))
}

#[test]
fn a_card_has_both_sides_of_every_line() {
    let (before, after) = (asks(MANIFEST), changed("methods = [\"GET\"]", "methods = [\"GET\", \"DELETE\"]"));
    let card = lines(&before, &after);
    let api = find(&card, "https://api.acme.example/v1/");
    assert_eq!((api.group, api.change()), (CardGroup::Reaches, CardChange::Changed));
    assert_eq!(api.before.as_deref(), Some("GET, with main"));
    assert_eq!(api.after.as_deref(), Some("DELETE, GET, with main"));
    let others = card.iter().filter(|line| line.subject != api.subject);
    assert!(others.into_iter().all(|line| line.change() == CardChange::Same));
    assert_eq!(find(&card, "https://files.acme.example/").after.as_deref(), Some("GET, PUT, never with a credential"));
}

#[test]
fn what_is_new_and_what_is_gone_is_told_apart() {
    let without = changed("[[auth.scope]]\nname = \"read\"\nreason = \"to read invoices\"\n", "");
    let scopes = "oauth: asks the provider to allow";
    assert_eq!(find(&lines(&asks(MANIFEST), &without), scopes).change(), CardChange::Removed);
    assert_eq!(find(&lines(&without, &asks(MANIFEST)), scopes).change(), CardChange::Added);
    // A first release has nothing to be compared with.
    let first = lines(&Asks::default(), &asks(MANIFEST));
    assert!(first.iter().all(|line| line.change() == CardChange::Added && line.before.is_none()));
    for subject in
        ["its name", "invoices", "remark", "oauth: the way", "oauth: token address", "memory", "time of a run"]
    {
        find(&first, subject);
    }
    assert!(first.is_sorted_by_key(|line| line.group));
}

/// A card on which nothing is different would hide what waits.
#[test]
fn whatever_waits_for_an_approval_shows_on_the_card() {
    let before = asks(MANIFEST);
    for (from, to) in [
        ("prompt = \"consent\"", "prompt = \"none\""),
        ("issuer =", "pkce = false\nissuer ="),
        ("type = \"secret\"", "type = \"text\""),
        ("pattern = \"[0-9]+\"", "pattern = \"[0-9a-z]{1,20}\""),
        ("Bearer {access_token}", "{key}"),
        ("function = \"accounting\"", "function = \"tasks\""),
        ("idempotency = \"none\"", "idempotency = \"upsert\""),
        ("memory-mib = 64", "memory-mib = 65"),
        ("name = \"Books\"", "name = \"Bank\""),
    ] {
        let after = changed(from, to);
        assert!(!after.beyond(&before).is_empty(), "{to}");
        assert!(lines(&before, &after).iter().any(|line| line.change() != CardChange::Same), "{to}");
    }
}
