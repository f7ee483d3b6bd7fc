//! Addresses that open a session once.

use std::{process::Command, time::Duration};

use patchbay_test_support::together;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn the_console_shows_where_to_sign_in_until_an_operator_did() -> Result<()> {
    let mut rig = Rig::start()?;
    let console = |rig: &Rig, lines: usize| {
        patchbay_test_support::wait_until("the line on the console", MINUTE, || {
            let printed = printed(rig)?;
            Ok((printed.len() == lines).then_some(printed))
        })
    };
    console(&rig, 1)?;
    rig.host.restart()?;
    let addresses = console(&rig, 2)?;
    let base = rig.host.base();
    assert!(
        addresses.iter().all(|address| address.starts_with(&format!("{base}/admin/sign-in#pbs_"))),
        "{addresses:?}"
    );
    assert_ne!(addresses[0], addresses[1]);
    let mut tab = Tab::fresh(&rig, "operator");
    tab.sign_in(&token(&addresses[1])?)?.expect(200)?;
    tab.get("/v1/tenants")?.expect(200)?;
    for address in &addresses {
        let refused = Tab::fresh(&rig, "operator").sign_in(&token(address)?)?;
        assert_eq!(told(&refused), (401, "PB5016"), "it was used, or an operator had signed in");
    }
    rig.host.restart()?;
    tab.get("/v1/tenants")?.expect(200)?;
    rig.operator.get("/v1/tenants")?.expect(200)?;
    rig.host.stop()?;
    assert_eq!(printed(&rig)?.len(), 2, "nothing is printed any more");
    Ok(())
}

#[test]
fn the_consoles_address_opens_nothing_once_somebody_signed_in_in_another_way() -> Result<()> {
    let rig = Rig::start()?;
    let address = patchbay_test_support::wait_until("the line on the console", MINUTE, || Ok(printed(&rig)?.pop()))?;
    Tab::fresh(&rig, "operator").sign_in(&rig.host.operator_key()?)?.expect(200)?;
    assert_eq!(told(&Tab::fresh(&rig, "operator").sign_in(&token(&address)?)?), (401, "PB5016"));
    Ok(())
}

#[test]
fn an_address_opens_one_session_however_many_browsers_come_with_it() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    for kind in ["portal", "operator"] {
        let made = match kind {
            "portal" => tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?,
            _ => rig.operator.post("/v1/operator-sessions/invite", &json!({}))?,
        };
        let token = token(&made.expect(201)?.text_at("/url")?)?;
        let answers = together(10, |_| Tab::fresh(&rig, kind).sign_in(&token));
        let answers: Vec<Answer> = answers.into_iter().collect::<Result<_>>()?;
        let opened = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(opened, 1, "{kind}: {:?}", answers.iter().map(told).collect::<Vec<_>>());
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).map(told).collect();
        assert_eq!(refused, [(401, "PB5016"); 9], "{kind}");
    }
    Ok(())
}

#[test]
fn an_address_that_is_too_old_opens_nothing() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    let tenant = rig.tenant("A")?;
    let printed = patchbay_test_support::wait_until("the line on the console", MINUTE, || Ok(printed(&rig)?.pop()))?;
    let good_for =
        [("portal", 5 * MINUTE, None), ("operator", 15 * MINUTE, None), ("operator", 1_440 * MINUTE, Some(printed))];
    for (kind, good_for, printed) in good_for {
        let address = match (kind, printed) {
            (_, Some(printed)) => printed,
            ("portal", None) => {
                tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?.text_at("/url")?
            }
            _ => rig.operator.post("/v1/operator-sessions/invite", &json!({}))?.expect(201)?.text_at("/url")?,
        };
        rig.advance(good_for)?;
        assert_eq!(told(&Tab::fresh(&rig, kind).sign_in(&token(&address)?)?), (401, "PB5016"), "{kind} {good_for:?}");
    }
    Ok(())
}

#[test]
fn the_command_line_prints_an_address_that_signs_in() -> Result<()> {
    let rig = Rig::start()?;
    let mut command = Command::new(rig.host.binary());
    command.arg("--config").arg(rig.host.config_path()).arg("sign-in").current_dir(rig.host.folder());
    let host = format!("--host={}", rig.host.base());
    let printed = command.arg(host).output()?;
    let text = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(printed.status.success(), "{text}{}", String::from_utf8_lossy(&printed.stderr));
    let address = text.lines().next().unwrap_or_default();
    assert!(address.starts_with(&format!("{}/admin/sign-in#pbs_", rig.host.base())), "{text}");
    Tab::fresh(&rig, "operator").sign_in(&token(address)?)?.expect(200)?;
    Ok(())
}
