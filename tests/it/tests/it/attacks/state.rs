//! S5: a `state` is good once, whole, and as it was given.

use std::time::Duration;

use patchbay_it::USER;
use patchbay_test_support::{Result, raw, together};

use super::{Scene, pairs, refused, stranger, way_back, with_query};

#[test]
fn a_callback_that_comes_again_is_refused_and_exchanged_once() -> Result<()> {
    let scene = Scene::start()?;
    let (mut walk, back) = scene.allowed("one")?;
    let last = walk.browser.return_to(&back)?;
    for _ in 0..3 {
        refused(&walk.browser.follow(&back)?, &["PB2004"])?;
    }
    assert_eq!(scene.rig.exchanges(), 1);
    let code = walk.code(&last)?;
    scene.tenant.complete(&walk.session.id, &code, USER)?.expect(200)?;
    refused(&walk.browser.follow(&back)?, &["PB2004"])?;
    assert_eq!((scene.rig.exchanges(), scene.tenant.connections()?.len()), (1, 1));
    Ok(())
}

#[test]
fn of_callbacks_at_the_same_time_one_is_taken() -> Result<()> {
    let scene = Scene::start()?;
    for round in 1..=5 {
        let (walk, back) = scene.allowed("one")?;
        let to = way_back(&back)?;
        let pages = together(8, |_| walk.tab().open(to.as_str()));
        let pages = pages.into_iter().collect::<Result<Vec<_>>>()?;
        let taken = pages.iter().filter(|page| page.location().is_some()).count();
        assert_eq!((taken, scene.rig.exchanges()), (1, round), "round {round}");
        for page in pages.iter().filter(|page| page.location().is_none()) {
            refused(page, &["PB2004"])?;
        }
        assert_eq!(scene.tenant.session_stands(&walk.session.id)?.0, "authorised");
    }
    let families = scene.rig.fakes.logins.provider.calls().iter().filter(|call| call.refused.is_some()).count();
    assert_eq!(families, 0, "the provider saw no code twice");
    Ok(())
}

#[test]
fn a_state_in_pieces_padded_or_huge_is_no_state() -> Result<()> {
    let scene = Scene::start()?;
    let (mut walk, back) = scene.allowed("one")?;
    let (own, state) = (way_back(&back)?, back.told("state").unwrap_or_default());
    assert_eq!(state.len(), 43);
    let swapped: String =
        state.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c }).collect();
    let wrong = [
        state[..42].to_owned(),
        state[1..].to_owned(),
        state[..20].to_owned(),
        format!("{state}A"),
        format!("{state}="),
        format!("{state}%00"),
        format!("{state}\u{0}"),
        format!(" {state}"),
        format!("{state}\n"),
        format!("{state}{state}"),
        format!("{}+{}", &state[..21], &state[22..]),
        swapped,
        "*".repeat(43),
        "%".repeat(43),
        "\u{fffd}".repeat(43),
        "A".repeat(8_000),
    ];
    let is = |wrong: &str| {
        let query = pairs(&own).into_iter();
        query
            .map(|(name, old)| if name == "state" { (name, wrong.to_owned()) } else { (name, old) })
            .collect::<Vec<_>>()
    };
    for wrong in wrong {
        let page = walk.browser.open(with_query(&own, &is(&wrong)).as_str())?;
        refused(&page, &["PB2004"])?;
    }
    // As many parameters as an address can hold.
    let many: Vec<_> = (0..2_000).map(|n| (format!("p{n}"), n.to_string())).chain(pairs(&own)).collect();
    let page = walk.browser.open(with_query(&own, &many).as_str())?;
    assert!(page.location().is_none() && page.status >= 400, "{}", page.status);
    assert_eq!(scene.rig.exchanges(), 0);
    scene.untouched(0)
}

#[test]
fn a_callback_of_a_mebibyte_is_cut_off_and_the_host_goes_on() -> Result<()> {
    let scene = Scene::start()?;
    let (mut walk, back) = scene.allowed("one")?;
    let own = way_back(&back)?;
    let huge = "A".repeat(1024 * 1024);
    for (path, header) in [
        (format!("{}?code=x&state={huge}", own.path()), String::new()),
        (format!("{}?code={huge}&state=x", own.path()), String::new()),
        (format!("{}?code=x&state=x", own.path()), format!("cookie: {}={huge}\r\n", patchbay_it::COOKIE)),
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{header}connection: close\r\n\r\n", scene.rig.host.address());
        // A host that hangs up in the middle is as good as one that refuses.
        let answer =
            raw::exchange(scene.rig.host.address(), request.as_bytes(), Duration::from_secs(10)).unwrap_or_default();
        let head = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
        assert!(head.is_empty() || head.contains(" 4"), "{head}");
    }
    scene.untouched(0)?;
    assert_eq!(stranger().open(&format!("{}/healthz", scene.rig.host.base()))?.status, 200);
    assert_eq!(walk.browser.return_to(&back)?.status, 200, "the login that was under way still is");
    Ok(())
}
