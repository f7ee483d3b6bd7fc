//! Runs with a tape: it is asked below all checks, and what it records never held the credential.

use std::sync::{Arc, Mutex};

use patchbay_egress::{
    Asked, Begin, Door, Gate, Incident, Journal, Player, Recorder, Request, Response, SendError, StoredAnswer, Tape,
    Writes,
};
use patchbay_model::contract::{CredentialChoice, Effect};

use crate::support::{Diary, Fake, ORIGIN, Reply, TOKEN, Tokens, gate, get, grant, ok, read, scope, write};

/// Plays one answer and keeps what it was asked and told.
struct Deck {
    answer: Result<Response, SendError>,
    asked: Mutex<Vec<Asked>>,
    heard: Mutex<Vec<Result<Response, SendError>>>,
}

impl Deck {
    fn with(answer: Result<Response, SendError>) -> Arc<Self> {
        Arc::new(Self { answer, asked: Mutex::default(), heard: Mutex::default() })
    }

    fn answering(body: &str) -> Arc<Self> {
        Self::with(Ok(Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec(), replayed: false }))
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a lock").clone()
    }
}

impl Player for Deck {
    fn answer(&self, asked: &Asked) -> Result<Response, SendError> {
        self.asked.lock().expect("a lock").push(asked.clone());
        self.answer.clone()
    }
}

impl Recorder for Deck {
    fn heard(&self, asked: &Asked, answer: &Result<Response, SendError>) {
        self.asked.lock().expect("a lock").push(asked.clone());
        self.heard.lock().expect("a lock").push(answer.clone());
    }
}

fn playing(gate: &Arc<Gate>, deck: &Arc<Deck>, writes: Writes) -> Door {
    let tape = Tape::Plays(Arc::clone(deck) as Arc<dyn Player>);
    gate.taped_door(Arc::new(grant()), Arc::new(Tokens::default()), scope(writes), tape)
}

#[tokio::test]
async fn a_tape_answers_what_may_be_asked_and_nothing_leaves() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("{}")))).await;
    let deck = Deck::answering("[1]");
    let door = playing(&gate(&fake), &deck, Writes::Forbidden);
    let answer = door.send(read("/a")).await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"[1]".as_slice()));
    let asked = deck.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].effect), ("GET", Effect::Read));
    assert_eq!(
        (asked[0].url.as_str(), &asked[0].credential),
        ("https://api.example.com/a", &CredentialChoice::Standard)
    );
    assert_eq!(fake.accepted(), 0);
}

#[tokio::test]
async fn what_may_not_be_asked_never_reaches_a_tape() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("{}")))).await;
    let deck = Deck::answering("[1]");
    for refused in [
        get("https://elsewhere.example/a"),
        Request { headers: vec![("authorization".to_owned(), "mine".to_owned())], ..get(&format!("{ORIGIN}/a")) },
        write("/items"),
    ] {
        let door = playing(&gate(&fake), &deck, Writes::Forbidden);
        assert!(matches!(door.send(refused.clone()).await, Err(SendError::Denied(_))), "{refused:?}");
        assert!(matches!(door.incident(), Some(Incident::Denied(_))), "{refused:?}");
    }
    assert_eq!(deck.asked(), []);
}

#[tokio::test]
async fn a_taped_write_goes_through_its_journal() {
    let fake = Fake::plain(|_, _| std::future::ready(Reply::Bytes(ok("{}")))).await;
    for (answer, line) in [
        (Deck::answering("{}").answer.clone(), "answered 200 false"),
        (Err(SendError::Unknown("lost".to_owned())), "lost"),
        (Err(SendError::NotSent("no line".to_owned())), "not sent"),
    ] {
        let (diary, deck) = (Arc::new(Diary::default()), Deck::with(answer.clone()));
        let door = playing(&gate(&fake), &deck, Writes::Journal(Arc::clone(&diary) as Arc<dyn Journal>));
        assert_eq!(door.send(write("/items")).await.is_ok(), answer.is_ok());
        assert_eq!(diary.lines(), ["begin create", line]);
    }
    let known = StoredAnswer { status: 201, headers: Vec::new(), body: b"{}".to_vec(), whole: true };
    let (diary, deck) = (Arc::new(Diary::default()), Deck::answering("[1]"));
    diary.says.lock().expect("a lock").push(Begin::Replay(known));
    let door = playing(&gate(&fake), &deck, Writes::Journal(Arc::clone(&diary) as Arc<dyn Journal>));
    let answer = door.send(write("/items")).await.expect("an answer");
    assert!(answer.replayed && answer.status == 201);
    assert_eq!(deck.asked(), [], "a step that was answered is not asked again");
}

#[tokio::test]
async fn what_is_recorded_went_out_and_holds_no_credential() {
    let echo = format!("{{\"token\":\"{TOKEN}\"}}");
    let fake = Fake::plain(move |_, _| std::future::ready(Reply::Bytes(ok(&echo)))).await;
    let deck = Deck::answering("never played");
    let tape = Tape::Records(Arc::clone(&deck) as Arc<dyn Recorder>);
    let door = gate(&fake).taped_door(Arc::new(grant()), Arc::new(Tokens::default()), scope(Writes::Forbidden), tape);
    let answer = door.send(read("/a")).await;
    assert!(fake.seen().iter().any(|request| request.contains(TOKEN)), "the gate filled it in");
    let heard = deck.heard.lock().expect("a lock").clone();
    assert_eq!(heard, [answer]);
    let told = format!("{:?}{heard:?}", deck.asked());
    assert!(!told.contains(TOKEN), "{told}");
}
