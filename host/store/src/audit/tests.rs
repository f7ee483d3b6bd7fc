use super::*;
use crate::{NewSync, Settle, testing::World};

const KEY: [u8; 32] = [42; 32];

/// A log of five lines under a key.
async fn written() -> World {
    let world = World::open().await;
    // The line that tells of the tenant was written before the key was there.
    world.ddl("DELETE FROM audit").await;
    world.ddl("DELETE FROM meta WHERE key = 'audit_head'").await;
    world.store.set_audit_key(KEY);
    for n in 1..=5 {
        world.store.append_audit(NewAudit::of(Some(&world.tenant), "key", "thing.done", &n)).await.expect("written");
    }
    world
}

async fn verdict(world: &World) -> AuditVerdict {
    world.store.verify_audit().await.expect("read")
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_whole_and_says_where_it_ends() {
    let world = written().await;
    let first = verdict(&world).await;
    assert_eq!((first.lines, first.broken), (5, None));
    let head = first.head.expect("a head");
    assert_eq!(head.len(), 64);
    for n in 0..1_200 {
        let line = NewAudit::of(None, "host", "thing.done", &n);
        world.store.append_audit(line).await.expect("written");
    }
    let later = verdict(&world).await;
    assert_eq!((later.lines, later.broken), (1_205, None), "more than one batch");
    assert_ne!(later.head, Some(head));
    world.store.set_audit_key([1; 32]);
    assert!(verdict(&world).await.broken.is_some(), "another key made it");
}

#[tokio::test]
async fn lines_are_read_newest_first_page_by_page_and_by_subject() {
    let world = written().await;
    let store = &world.store;
    let mut told = String::new();
    let mut before = None;
    loop {
        let page = store.audit(Some(&world.tenant), before.as_deref(), 2, None).await.expect("a page");
        told.extend(page.items.iter().map(|line| line.subject.as_str()));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(told, "54321");
    assert_eq!(store.audit(Some(&world.tenant), None, 9, Some("3")).await.expect("lines").items.len(), 1);
    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    assert!(store.audit(Some(&other), None, 9, Some("3")).await.expect("lines").items.is_empty(), "not theirs");
}

#[tokio::test]
async fn an_empty_log_is_whole() {
    let world = World::open().await;
    world.ddl("DELETE FROM audit").await;
    world.ddl("DELETE FROM meta WHERE key = 'audit_head'").await;
    assert_eq!(verdict(&world).await, AuditVerdict { lines: 0, head: None, broken: None });
}

/// What was done to the log is found, at once and after the log went on.
async fn found(damage: &[&str]) -> AuditVerdict {
    let world = written().await;
    for statement in damage {
        world.ddl(*statement).await;
    }
    let at_once = verdict(&world).await;
    assert!(at_once.broken.is_some(), "{damage:?}");
    world.store.append_audit(NewAudit::of(None, "host", "thing.done", &"6")).await.expect("it goes on");
    assert!(verdict(&world).await.broken.is_some(), "forgotten after {damage:?}");
    at_once
}

#[tokio::test]
async fn a_line_that_was_taken_out_is_missed() {
    assert_eq!(found(&["DELETE FROM audit WHERE no = 3"]).await.lines, 2);
    assert_eq!(found(&["DELETE FROM audit WHERE no = 1"]).await.lines, 0);
    let closed = [
        "DELETE FROM audit WHERE no = 3",
        "UPDATE audit SET no = 3 WHERE no = 4",
        "UPDATE audit SET no = 4 WHERE no = 5",
    ];
    assert_eq!(found(&closed).await.lines, 2);
}

#[tokio::test]
async fn a_line_that_was_edited_is_found_whatever_was_edited() {
    for edit in [
        "UPDATE audit SET actor = 'nobody' WHERE no = 3",
        "UPDATE audit SET action = 'thing.undone' WHERE no = 3",
        "UPDATE audit SET subject = '9' WHERE no = 3",
        "UPDATE audit SET detail = '{\"a\":1}' WHERE no = 3",
        "UPDATE audit SET at = at + 1 WHERE no = 3",
        "UPDATE audit SET tenant = NULL WHERE no = 3",
        "UPDATE audit SET id = 'aud_00000000000000000000000000' WHERE no = 3",
        "UPDATE audit SET hash = zeroblob(32) WHERE no = 3",
        // What one field lost, the next one got.
        "UPDATE audit SET actor = 'ke', action = 'ything.done' WHERE no = 3",
    ] {
        let found = found(&[edit]).await;
        assert_eq!(found.lines, 2, "{edit}");
    }
    assert_eq!(found(&["UPDATE audit SET actor = 'nobody' WHERE no = 5"]).await.lines, 4, "the newest as well");
}

#[tokio::test]
async fn lines_that_changed_places_are_found() {
    let swap = [
        "UPDATE audit SET no = 99 WHERE no = 2",
        "UPDATE audit SET no = 2 WHERE no = 3",
        "UPDATE audit SET no = 3 WHERE no = 99",
    ];
    assert_eq!(found(&swap).await.lines, 1);
}

#[tokio::test]
async fn a_line_that_was_put_in_by_hand_is_found() {
    let copy = "INSERT INTO audit SELECT 6, 'aud_00000000000000000000000000', at, tenant, actor, action, subject, detail, hash \
        FROM audit WHERE no = 5";
    assert_eq!(found(&[copy]).await.lines, 5);
}

#[tokio::test]
async fn lines_that_were_taken_from_the_end_are_missed() {
    assert_eq!(found(&["DELETE FROM audit WHERE no > 3"]).await.lines, 3);
    assert_eq!(found(&["DELETE FROM audit"]).await.lines, 0);
    assert_eq!(found(&["DELETE FROM meta WHERE key = 'audit_head'"]).await.lines, 5);
    // Whoever moves the mark back as well lacks the key for its own check.
    let number = "0000000000000003";
    let moved = match crate::testing::on_server() {
        true => format!("'\\x{number}' || hash || substr(meta.value, 41, 32) || convert_to(id, 'UTF8')"),
        false => format!("CAST(x'{number}' || hash || substr(meta.value, 41, 32) || id AS BLOB)"),
    };
    let moved = format!("UPDATE meta SET value = (SELECT {moved} FROM audit WHERE no = 3) WHERE key = 'audit_head'");
    assert_eq!(found(&["DELETE FROM audit WHERE no > 3", &moved]).await.lines, 3);
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done() {
    let world = World::open().await;
    let id = world.connect("b1").await.connection.id;
    let (store, tenant, release) = (&world.store, &world.tenant, world.release("1.0.0").await);
    let session = world.session(1).await;
    world.refuse("INSERT", "audit").await;
    let again = Settle {
        id: id.clone(),
        expected_version: Some(1),
        row_version: 2,
        credential: vec![9; 40],
        ..world.consent("b1")
    };
    assert!(store.settle(again).await.is_err());
    assert_eq!(store.credential(&id).await.map(|there| there.row_version), Ok(1));
    assert!(store.settle(Settle { syncs: Vec::<NewSync>::new(), ..world.consent("b2") }).await.is_err());
    assert!(store.delete_connection(tenant, &id, false, Some(release.clone()), "x").await.is_err());
    assert!(store.create_session(world.new_session(2)).await.is_err());
    assert!(store.put_pending(world.login(&session, &release, "b3")).await.is_err());
    assert!(store.create_return_address(tenant, "App", "https://app.example", "x").await.is_err());
    assert!(store.set_customer_origins("acme.books", "\"none\"", "x").await.is_err());
    assert!(store.rewrap(Vec::new(), vec![1], "x").await.is_err());
    for (table, rows) in [
        ("SELECT count(*) FROM connections WHERE state = 'active'", 1),
        ("SELECT count(*) FROM credentials", 1),
        ("SELECT count(*) FROM revocations", 0),
        ("SELECT count(*) FROM connect_sessions", 1),
        ("SELECT count(*) FROM pending_authorisations", 0),
        ("SELECT count(*) FROM return_addresses", 0),
        ("SELECT count(*) FROM grants", 0),
        ("SELECT count(*) FROM meta WHERE key = 'key_check'", 0),
    ] {
        assert_eq!(world.number(table).await, rows, "{table}");
    }
}
