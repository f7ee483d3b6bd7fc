//! What a later attempt of a push gets of the steps before it: an answer that is all there, or the reason why not.

use std::sync::{Arc, Mutex};

use patchbay_egress::{AnswerSink, Begin, Gate, Incident, Response, SendError, StoredAnswer};

use crate::{
    into_sinks::{Sunk, sink},
    support::{Diary, Fake, Reply, TOKEN, gate, ok, write, writing_door},
};

/// Bytes of an answer that the journal keeps.
const KEPT: usize = 64 * 1024;

fn saying(begin: Begin) -> Arc<Diary> {
    Arc::new(Diary { says: Mutex::new(vec![begin]), ..Diary::default() })
}

/// A provider that answers with this body, and the gate that leads to it.
async fn answering(body: String) -> (Fake, Arc<Gate>) {
    let fake = Fake::plain(move |_, _| std::future::ready(Reply::Bytes(ok(&body)))).await;
    let gate = gate(&fake);
    (fake, gate)
}

/// Sends a write whose answer is bytes, or goes to a sink.
async fn sent(gate: &Arc<Gate>, diary: &Arc<Diary>, into: Option<Arc<dyn AnswerSink>>) -> Result<Response, SendError> {
    let door = writing_door(gate, diary);
    let sent = match into {
        Some(into) => door.send_into(write("/exports"), into).await,
        None => door.send(write("/exports")).await,
    };
    if matches!(sent, Err(SendError::Other(_) | SendError::Unknown(_))) {
        assert_eq!(door.incident(), None, "the guest may still end well");
    }
    sent
}

#[tokio::test]
async fn an_answer_is_kept_whole_up_to_64_kib_and_in_part_with_one_byte_more() {
    let secret = |rest: usize| format!("{TOKEN}{}", "x".repeat(rest));
    for (body, len, whole) in [
        ("x".repeat(KEPT), KEPT, true),
        ("x".repeat(KEPT + 1), KEPT, false),
        // It counts as the guest sees it.
        (secret(KEPT - "[secret]".len()), KEPT, true),
        (secret(KEPT - "[secret]".len() + 1), KEPT, false),
        (String::new(), 0, true),
        ("x".repeat(5 * 1024 * 1024), KEPT, false),
    ] {
        let (_fake, gate) = answering(body.clone()).await;
        for into in [None, Some(sink().1)] {
            let (diary, streamed) = (Arc::new(Diary::default()), into.is_some());
            sent(&gate, &diary, into).await.expect("an answer");
            let kept = diary.answers.lock().expect("a lock").remove(0);
            assert_eq!((kept.body.len(), kept.whole), (len, whole), "{} bytes, streamed: {streamed}", body.len());
        }
    }
}

#[tokio::test]
async fn an_answer_that_was_kept_in_part_is_not_handed_on_as_if_it_were_one() {
    let (fake, gate) = answering("x".repeat(5 * 1024 * 1024)).await;
    for streamed in [false, true] {
        let first = Arc::new(Diary::default());
        sent(&gate, &first, streamed.then(|| sink().1)).await.expect("an answer");
        let kept = first.answers.lock().expect("a lock").remove(0);
        for into_sink in [false, true] {
            let (sunk, into) = sink();
            let diary = saying(Begin::Replay(kept.clone()));
            let refused = sent(&gate, &diary, into_sink.then_some(into)).await;
            let Err(SendError::Other(text)) = refused else { panic!("{refused:?}") };
            assert!(text.starts_with("the answer of the step `create` was kept only in part: "), "{text}");
            assert!(text.contains("status 200") && text.contains("64 KiB") && text.contains("only reads"), "{text}");
            assert!(sunk.with(|state| state.begun.is_empty() && state.size == 0), "nothing of it is a file");
            assert_eq!(diary.lines(), ["begin create"]);
        }
    }
    assert_eq!(fake.seen().len(), 2, "and it is not written again");
}

#[tokio::test]
async fn an_answer_without_room_for_it_does_not_say_that_the_write_is_unknown() {
    let stored = StoredAnswer { status: 201, headers: Vec::new(), body: vec![b'x'; 1_000], whole: true };
    let (fake, gate) = answering(String::new()).await;
    let small = Arc::new(Sunk { room: Some(999), ..Sunk::default() });
    let refused = sent(&gate, &saying(Begin::Replay(stored)), Some(small)).await;
    let Err(SendError::Other(text)) = refused else { panic!("{refused:?}") };
    assert!(text.contains("`create` was answered with status 201") && text.contains("1000 bytes"), "{text}");
    assert_eq!(fake.accepted(), 0);
}

#[tokio::test]
async fn nothing_is_sent_while_another_step_may_have_been_written() {
    let (fake, gate) = answering(String::new()).await;
    let diary = saying(Begin::InDoubt { step: "upload".to_owned() });
    let refused = sent(&gate, &diary, None).await;
    let Err(SendError::Unknown(text)) = refused else { panic!("{refused:?}") };
    assert!(text.contains("`upload` of this item may have been written") && text.contains("`create`"), "{text}");
    assert_eq!((diary.lines(), fake.accepted()), (vec!["begin create".to_owned()], 0));
}

#[tokio::test]
async fn a_second_step_of_an_action_that_names_one_is_denied_with_the_line_that_allows_it() {
    let (fake, gate) = answering(String::new()).await;
    let diary = saying(Begin::Single { step: "upload".to_owned() });
    let door = writing_door(&gate, &diary);
    let refused = door.send(write("/exports")).await;
    let Err(SendError::Denied(text)) = refused else { panic!("{refused:?}") };
    assert!(text.contains("`upload` of this item was written") && text.contains("`create`"), "{text}");
    assert!(text.contains("[[action]]") && text.ends_with("\nmulti-step = true"), "{text}");
    assert!(matches!(door.incident(), Some(Incident::Denied(_))));
    assert_eq!((diary.lines(), fake.accepted()), (vec!["begin create".to_owned()], 0));
}
