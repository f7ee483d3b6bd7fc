//! A write that could be sent twice carries the key that makes it one; what was found is not sent again.

use std::sync::{Arc, Mutex};

use patchbay_egress::{Begin, Body, Content, Incident, Part, Request, SendError};

use crate::support::{Diary, Fake, Reply, gate, ok, write, writing_door};

fn keyed() -> Arc<Diary> {
    Arc::new(Diary { key: Some("k7".to_owned()), ..Diary::default() })
}

#[tokio::test]
async fn a_write_without_its_key_is_denied_before_anything_leaves() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    let diary = keyed();
    let header = |value: &str| vec![("idempotency-key".to_owned(), value.to_owned())];
    for request in [
        write("/items"),
        Request { headers: header("k7-creat"), ..write("/items") },
        // The key of another step.
        Request { headers: header("k7-other"), ..write("/items") },
        Request { body: Body::Empty, ..write("/items?key=k7") },
    ] {
        let door = writing_door(&gate, &diary);
        let sent = door.send(request).await;
        let Err(SendError::Denied(text)) = sent else { panic!("{sent:?}") };
        assert!(text.contains("`create`") && text.contains("run.step-key(\"create\")"), "{text}");
        assert!(matches!(door.incident(), Some(Incident::Denied(_))));
    }
    assert!(diary.lines().is_empty() && fake.accepted() == 0);
}

#[tokio::test]
async fn a_key_may_stand_in_the_address_a_header_or_the_body() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("{}")))).await;
    let gate = gate(&fake);
    let part = |text: &str| Part {
        name: "key".to_owned(),
        filename: None,
        content_type: None,
        content: Content::Bytes(text.into()),
    };
    for request in [
        write("/items?key=k7-create"),
        write("/items/k7-create"),
        Request { headers: vec![("idempotency-key".to_owned(), "k7-create".to_owned())], ..write("/items") },
        Request { body: Body::Json(b"{\"externalId\":\"k7-create\"}".to_vec()), ..write("/items") },
        Request { body: Body::Multipart(vec![part("k7-create")]), ..write("/items") },
    ] {
        writing_door(&gate, &keyed())
            .send(request.clone())
            .await
            .unwrap_or_else(|error| panic!("{request:?}: {error}"));
    }
    assert_eq!(fake.seen().len(), 5);
}

#[tokio::test]
async fn what_was_found_at_the_provider_is_not_sent_again() {
    let fake = Fake::always("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = gate(&fake);
    let found = Begin::Found { id: "obj_9".to_owned() };
    let diary = Arc::new(Diary { says: Mutex::new(vec![found]), ..Diary::default() });
    let sent = writing_door(&gate, &diary).send(write("/items")).await;
    let Err(SendError::Denied(text)) = sent else { panic!("{sent:?}") };
    assert!(text.contains("obj_9") && text.contains("step.create"), "{text}");
    assert_eq!((diary.lines(), fake.accepted()), (vec!["begin create".to_owned()], 0));
}
