//! S8: nobody is sent anywhere but to an address that the tenant registered, whatever stands in a query, a
//! form or a body.

use patchbay_it::{RETURN, TRICKS, USER, Walk};
use patchbay_test_support::{Result, Trouble};
use serde_json::json;
use url::Url;

use super::{HONEST, Scene, refused, stranger, with_query};

/// Addresses that two parsers read in two ways, or that are no place of an application: none is registered.
const UNFIT: [&str; 62] = [
    "",
    " ",
    "app",
    "app.example/back",
    "/back",
    "./back",
    "?x",
    "#x",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/\\/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "https:/\\evil.example",
    "https://\\evil.example",
    "https://",
    "https://?x",
    "https://#x",
    "https://:443/",
    "https:// evil.example",
    "https://\tapp.example/",
    " https://app.example/back",
    "https://app.example/back ",
    "https://app.example/ x",
    "https://app.example/\r\nLocation: https://evil.example",
    "https://app.example/\u{0}",
    "https://app.example/\u{7f}",
    "\u{feff}https://app.example/",
    "\u{202e}https://app.example/",
    "https://app.example\\@evil.example",
    "https://app.example@evil.example",
    "https://app.example:pass@evil.example",
    "https://@evil.example",
    "https://:@evil.example/",
    "https://app.example%40evil.example/",
    "https://evil.example%2f@app.example/",
    "https://app.example:99999/",
    "https://app.example:x/",
    "https://app.example/#done",
    "https://app.example/back?code=1",
    "https://app.example/back?session=x",
    "https://app.example/back?a=b&%63ode=1",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "blob:https://app.example/x",
    "file:///etc/passwd",
    "ftp://app.example/",
    "ws://app.example/",
    "about:blank",
    "http://app.example/",
    "http://localhost.evil.example/",
    "https://evil",
    "https://2130706433/",
    "https://10.0.0.1/",
];

#[test]
fn an_address_that_can_be_read_in_two_ways_is_not_registered() -> Result<()> {
    let scene = Scene::start()?;
    let before = scene.tenant.get("/v1/return-addresses")?.array_at("/items")?.len();
    let mut taken = Vec::new();
    for address in UNFIT {
        let answer = scene.tenant.api.post("/v1/return-addresses", &json!({ "name": "App", "address": address }))?;
        if answer.status != 422 || answer.json["code"] != json!("PB2017") {
            taken.push(format!("{address:?}: {} {}", answer.status, answer.text()));
        }
    }
    assert!(taken.is_empty(), "{}", taken.join("\n"));
    let long = format!("https://app.example/{}", "a".repeat(2_000));
    assert_eq!(scene.tenant.api.post("/v1/return-addresses", &json!({ "name": "App", "address": long }))?.status, 422);
    assert_eq!(scene.tenant.get("/v1/return-addresses")?.array_at("/items")?.len(), before);
    Ok(())
}

#[test]
fn a_session_takes_the_id_of_an_address_of_its_own_tenant_and_nothing_else() -> Result<()> {
    let scene = Scene::start()?;
    let other = scene.rig.tenant("B")?;
    let foreign = other.return_address()?;
    let gone = scene.tenant.return_address()?;
    scene.tenant.api.delete(&format!("/v1/return-addresses/{gone}"))?.expect(204)?;
    let mut taken = Vec::new();
    let offered = TRICKS.iter().copied().chain([RETURN, foreign.as_str(), gone.as_str(), "", "ret_", "ret_0"]);
    for offer in offered {
        let body = json!({ "connector": HONEST, "end_user": USER, "return_to": offer });
        let answer = scene.tenant.api.post("/v1/connect-sessions", &body)?;
        if !(400..500).contains(&answer.status) {
            taken.push(format!("{offer:?}: {}", answer.text()));
        }
    }
    for name in
        ["return_url", "redirect", "redirect_uri", "return", "next", "continue", "url", "success_url", "callback"]
    {
        let body = json!({ "connector": HONEST, "end_user": USER, "return_to": scene.return_to, name: RETURN });
        let answer = scene.tenant.api.post("/v1/connect-sessions", &body)?;
        if !(400..500).contains(&answer.status) {
            taken.push(format!("{name}: {}", answer.text()));
        }
    }
    // Without verification as well.
    let body = json!({ "connector": HONEST, "verification": "off", "return_to": foreign });
    if scene.tenant.api.post("/v1/connect-sessions", &body)?.status < 400 {
        taken.push("another tenant's, without verification".to_owned());
    }
    assert!(taken.is_empty(), "{}", taken.join("\n"));
    Ok(())
}

#[test]
fn the_way_out_leads_to_the_registered_address_whatever_the_request_says() -> Result<()> {
    let scene = Scene::start()?;
    let host = scene.rig.host.base();
    let mut walk = scene.walk()?;
    let session = walk.session.id.clone();
    walk.authorise(&scene.rig, "one")?;
    let base = Url::parse(&format!("{host}/link/session/{session}"))?;
    let finish = Url::parse(&format!("{base}/finish"))?;
    let names = ["return_to", "redirect_uri", "next", "address"];
    let mut wrong = Vec::new();
    let mut left = 0;
    for (place, trick) in TRICKS.iter().enumerate() {
        let pair = (names[place % names.len()].to_owned(), (*trick).to_owned());
        let address = with_query(&finish, std::slice::from_ref(&pair));
        let form = [(pair.0.as_str(), pair.1.as_str())];
        for page in
            [walk.browser.forge(&host, address.as_str(), &form)?, walk.browser.forge(&host, finish.as_str(), &form)?]
        {
            match page.location() {
                // Refusing the request is as good as not looking at it.
                None if (400..500).contains(&page.status) => {}
                Some(to) if to.as_str().starts_with(&format!("{RETURN}?session={session}&code=")) => left += 1,
                to => wrong.push(format!("{trick:?}: {} {to:?}", page.status)),
            }
        }
        // No other page of the journey follows one either.
        for known in [&base, &Url::parse(&walk.session.url)?, &Url::parse(&format!("{base}/review"))?] {
            let page = walk.browser.open(with_query(known, std::slice::from_ref(&pair)).as_str())?;
            if page.location().is_some_and(|to| to.origin().ascii_serialization() != host) {
                wrong.push(format!("{known} with {trick:?}: {:?}", page.location()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The plain way, and headers that frameworks like to believe.
    let page = walk.browser.forge(&host, finish.as_str(), &[])?;
    let to = page.location().ok_or_else(|| Trouble::new(format!("no way out: {}", page.text)))?;
    assert_eq!(
        (page.status, to.origin().ascii_serialization().as_str(), to.path()),
        (303, "https://app.example", "/back")
    );
    assert_eq!(page.headers.get("referrer-policy").map(String::as_str), Some("no-referrer"));
    assert_eq!(to.query_pairs().filter(|(name, _)| name == "code").count(), 1);
    println!("{left} of {} requests with a trick left to the registered address", 2 * TRICKS.len());

    // The callback does not follow one, before and after its state is looked at.
    for trick in TRICKS {
        let callback = format!("{host}/oauth/callback/cli_00000000000000000000000000");
        let query = [("state".to_owned(), "A".repeat(43)), ("return_to".to_owned(), trick.to_owned())];
        let page = stranger().open(with_query(&Url::parse(&callback)?, &query).as_str())?;
        refused(&page, &["PB2004"])?;
    }
    let last = walk.browser.open(base.as_str())?;
    let code = walk.code(&last)?;
    scene.tenant.complete(&session, &code, USER)?.expect(200)?;
    Ok(())
}

#[test]
fn an_address_that_was_removed_meanwhile_is_not_followed() -> Result<()> {
    let scene = Scene::start()?;
    let gone = scene.tenant.return_address()?;
    let mut walk = Walk::of(scene.tenant.user_session(HONEST, &gone)?, HONEST);
    let last = walk.authorise(&scene.rig, "one")?;
    scene.tenant.api.delete(&format!("/v1/return-addresses/{gone}"))?.expect(204)?;
    let page = walk.browser.submit_named(&last, "finish", &[])?;
    refused(&page, &["PB2017", "PB2011"])?;
    Ok(())
}
