//! Guessing tokens.

use std::time::Duration;

use super::*;

#[test]
fn guessing_is_slow_and_keeps_nobody_out_who_has_a_key_or_is_signed_in() -> Result<()> {
    let rig = RigSetup { test_clock: true, ..RigSetup::default() }.start()?;
    let tenant = rig.tenant("A")?;
    let (operator, portal) = (Tab::operator(&rig)?, Tab::portal(&rig, &tenant, "ann")?);
    let invited = rig.operator.post("/v1/operator-sessions/invite", &json!({}))?.expect(201)?;
    let mut stranger = Tab::fresh(&rig, "operator");
    let (mut refused, mut last) = (0, None);
    for n in 0..60 {
        let answer = stranger.sign_in(&format!("pbs_{n:052}"))?;
        assert!(!answer.headers.contains_key("set-cookie"));
        match told(&answer) {
            (401, "PB5016") => refused += 1,
            (429, "PB5017") => last = Some(answer),
            other => panic!("{other:?}: {}", answer.text()),
        }
    }
    assert!((5..=30).contains(&refused), "{refused} guesses were looked at");
    let last = last.ok_or_else(|| Trouble::new("nothing was limited"))?;
    let wait: u64 = last.headers["retry-after"].parse()?;
    assert!((1..=60).contains(&wait), "{wait}");
    // What is right gets in from the same place, by token and by key: behind a proxy everybody is there.
    let right = token(&invited.text_at("/url")?)?;
    Tab::fresh(&rig, "operator").sign_in(&right)?.expect(200)?;
    Tab::fresh(&rig, "operator").sign_in(&rig.host.operator_key()?)?.expect(200)?;
    assert_eq!(told(&stranger.sign_in(&right)?), (429, "PB5017"), "it was used up");

    // Whoever is signed in, or has a key, notices nothing; nor does the portal.
    operator.get("/v1/tenants")?.expect(200)?;
    portal.get("/v1/connections")?.expect(200)?;
    rig.operator.get("/v1/tenants")?.expect(200)?;
    tenant.get("/v1/connections")?;
    Tab::portal(&rig, &tenant, "bob")?.get("/v1/session")?.expect(200)?;

    let told_of = audit(&rig)?.iter().filter(|(action, ..)| action == "sign_in.refused").count();
    assert_eq!(told_of, refused, "each guess that was looked at, and no line for the others");
    rig.advance(Duration::from_secs(wait))?;
    assert_eq!(told(&stranger.sign_in(&right)?), (401, "PB5016"), "a try grew back");
    Ok(())
}

#[test]
fn a_key_or_token_that_is_not_an_operators_signs_no_operator_in() -> Result<()> {
    let rig = Rig::start()?;
    let tenant = rig.tenant("A")?;
    let entry = tenant.api.post("/v1/portal-sessions", &json!({ "user": "ann" }))?.expect(201)?;
    let entry = token(&entry.text_at("/url")?)?;
    let invited = rig.operator.post("/v1/operator-sessions/invite", &json!({}))?.expect(201)?;
    let invited = token(&invited.text_at("/url")?)?;
    let key = rig.host.operator_key()?;
    let wrong = [tenant.key.clone(), entry.clone(), entry.replace("pbe_", "pbs_"), String::new(), "x".repeat(4_000)];
    for proof in &wrong {
        assert_eq!(told(&Tab::fresh(&rig, "operator").sign_in(proof)?), (401, "PB5016"), "{proof}");
    }
    for proof in [key, tenant.key.clone(), invited.clone(), invited.replace("pbs_", "pbe_")] {
        assert_eq!(told(&Tab::fresh(&rig, "portal").sign_in(&proof)?), (401, "PB5016"), "{proof}");
    }
    // None of that spent what was right.
    Tab::fresh(&rig, "portal").sign_in(&entry)?.expect(200)?;
    Tab::fresh(&rig, "operator").sign_in(&invited)?.expect(200)?;
    Ok(())
}
