//! The end of a session: signing out, time, and the key behind it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn who_signs_out_is_signed_out_wherever_the_cookie_is_sent_from() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    for tab in [Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "ann")?] {
        let stolen = tab.clone();
        let other = Tab::portal(&rig, &tenant, "ann")?;
        let out = tab.delete("/v1/session")?.expect(204)?;
        let cleared = format!("{}=; Path=/; Max-Age=0", tab.name());
        assert!(out.headers["set-cookie"].starts_with(&cleared), "{out:?}");
        assert_eq!(told(&stolen.get("/v1/session")?), (401, "PB5018"));
        assert_eq!(told(&stolen.delete("/v1/session")?), (401, "PB5018"));
        other.get("/v1/session")?.expect(200)?;
    }
    Ok(())
}

#[test]
fn signing_out_everywhere_ends_all_of_that_user_or_of_all_operators_and_nobody_elses() -> Result<()> {
    let rig = Rig::start()?;
    let (tenant, namesakes) = (rig.tenant("A")?, rig.tenant("B")?);
    let ann = [Tab::portal(&rig, &tenant, "ann")?, Tab::portal(&rig, &tenant, "ann")?];
    let unused = tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?;
    let others = [Tab::portal(&rig, &tenant, "bob")?, Tab::portal(&rig, &namesakes, "ann")?];
    let operators = [Tab::operator(&rig)?, Tab::operator(&rig)?];
    ann[0].delete("/v1/sessions")?.expect(204)?;
    for tab in &ann {
        assert_eq!(told(&tab.get("/v1/session")?), (401, "PB5018"));
    }
    let late = Tab::fresh(&rig, "portal").sign_in(&token(&unused.text_at("/url")?)?)?;
    assert_eq!(told(&late), (401, "PB5016"), "an address that was on its way");
    for tab in others.iter().chain(&operators) {
        tab.get("/v1/session")?.expect(200)?;
    }
    operators[1].delete("/v1/sessions")?.expect(204)?;
    for tab in &operators {
        assert_eq!(told(&tab.get("/v1/session")?), (401, "PB5018"));
    }
    others[0].get("/v1/session")?.expect(200)?;
    Ok(())
}

#[test]
fn a_session_ends_after_an_hour_without_use() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    let tenant = rig.tenant("A")?;
    let used = [Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "ann")?];
    let unused = [Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "bob")?];
    for _ in 0..3 {
        rig.advance(HOUR / 2)?;
        for tab in &used {
            tab.get("/v1/session")?.expect(200)?;
        }
    }
    for tab in &unused {
        assert_eq!(told(&tab.get("/v1/session")?), (401, "PB5018"));
    }
    rig.advance(HOUR)?;
    for tab in &used {
        assert_eq!(told(&tab.get("/v1/session")?), (401, "PB5018"));
    }
    Ok(())
}

#[test]
fn a_session_ends_when_its_time_is_over_however_much_it_is_used() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    let tenant = rig.tenant("A")?;
    let tabs = [Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "ann")?];
    let mut minutes = [0, 0];
    for _ in 0..15 {
        rig.advance(59 * MINUTE)?;
        for (tab, minutes) in tabs.iter().zip(&mut minutes) {
            match told(&tab.get("/v1/session")?) {
                (200, _) => *minutes += 59,
                over => assert_eq!(over, (401, "PB5018")),
            }
        }
    }
    // In steps of 59 minutes the last one within twelve hours, and within eight.
    assert_eq!(minutes, [12 * 59, 8 * 59]);
    Ok(())
}

#[test]
fn a_revoked_key_ends_the_sessions_that_it_opened_and_the_addresses_that_it_made() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let by_operator = rig.operator_of(&tenant).post("/v1/portal-sessions", &json!({ "user": "bob" }))?.expect(201)?;
    let mut bob = Tab::fresh(&rig, "portal");
    bob.sign_in(&token(&by_operator.text_at("/url")?)?)?.expect(200)?;
    let ann = Tab::portal(&rig, &tenant, "ann")?;
    let waiting = tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?;
    let keys = rig.operator.get(&format!("/v1/tenants/{}/keys", tenant.id))?.expect(200)?;
    rig.operator.delete(&format!("/v1/tenants/{}/keys/{}", tenant.id, keys.text_at("/items/0/id")?))?.expect(204)?;
    assert_eq!(told(&ann.get("/v1/session")?), (401, "PB5018"));
    let late = Tab::fresh(&rig, "portal").sign_in(&token(&waiting.text_at("/url")?)?)?;
    assert_eq!(told(&late), (401, "PB5016"));
    bob.get("/v1/session")?.expect(200)?;
    Ok(())
}

#[test]
fn a_stream_ends_with_the_session_that_asked_for_it() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let (tab, other) = (Tab::portal(&rig, &tenant, "ann")?, Tab::portal(&rig, &tenant, "bob")?);
    let (mut ends, goes_on) = (watching(&rig, &tab)?, watching(&rig, &other)?);
    tab.delete("/v1/session")?.expect(204)?;
    let mut rest = Vec::new();
    ends.read_to_end(&mut rest)?;
    goes_on.set_nonblocking(true)?;
    let mut byte = [0];
    let state = goes_on.peek(&mut byte);
    assert!(!matches!(state, Ok(0)), "that of somebody who is still signed in goes on");
    Ok(())
}

/// A stream of progress that a tab has asked for, and that has begun.
fn watching(rig: &Rig, tab: &Tab) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(rig.host.address())?;
    stream.set_read_timeout(Some(MINUTE))?;
    let (name, cookie) = (tab.name(), &tab.cookie);
    let head = format!(
        "GET /v1/progress HTTP/1.1\r\nhost: {}\r\n{SESSION}: portal\r\ncookie: {name}={cookie}\r\nconnection: close\r\n\r\n",
        rig.host.address()
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    if answer.starts_with("HTTP/1.1 200") { Ok(stream) } else { Err(Trouble::new(answer)) }
}
