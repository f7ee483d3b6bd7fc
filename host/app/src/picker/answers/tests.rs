//! What is promised of answers that are kept.

use patchbay_model::Code;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_190_400_000);

fn connection(no: u8) -> ConnectionId {
    ConnectionId::try_from(format!("con_{no:026}")).expect("an id")
}

fn asked(no: u8, query: &str) -> Asked {
    Asked {
        connection: connection(no),
        of: [0; 32],
        picker: "clients".to_owned(),
        query: query.to_owned(),
        parents: Vec::new(),
        cursor: None,
    }
}

fn answer(id: &str, at: Timestamp) -> Answer {
    let choice = Choice { id: id.to_owned(), label: "Ann".to_owned(), hint: None };
    Answer { choices: vec![choice], next: None, at }
}

fn ask(answers: &Answers, asked: &Asked, at: Timestamp) -> Ticket {
    match answers.turn(asked, at) {
        Turn::Ask(ticket, _) => ticket,
        Turn::Known(_) | Turn::Wait(_) => panic!("it is our turn"),
    }
}

fn known(answers: &Answers, asked: &Asked, at: Timestamp) -> Option<Answer> {
    match answers.turn(asked, at) {
        Turn::Known(answer) => Some(answer),
        Turn::Wait(_) | Turn::Ask(..) => None,
    }
}

#[test]
fn an_answer_is_kept_for_a_minute_and_for_its_question_only() {
    let answers = Answers::default();
    ask(&answers, &asked(1, "an"), NOW).answered(Ok(answer("1", NOW)));
    let late = NOW.plus(KEPT.saturating_sub(Duration::from_millis(1)));
    assert_eq!(known(&answers, &asked(1, "an"), late), Some(answer("1", NOW)));
    let others = [
        asked(2, "an"),
        asked(1, "ann"),
        Asked { of: [1; 32], ..asked(1, "an") },
        Asked { picker: "folders".to_owned(), ..asked(1, "an") },
        Asked { parents: vec![("clients".to_owned(), "1".to_owned())], ..asked(1, "an") },
        Asked { cursor: Some(vec![1]), ..asked(1, "an") },
    ];
    for other in &others {
        assert_eq!(known(&answers, other, NOW), None, "{other:?}");
    }
    assert_eq!(known(&answers, &asked(1, "an"), NOW.plus(KEPT)), None);
    assert_eq!(known(&answers, &asked(1, "an"), NOW.minus(KEPT)), None, "the clock was put back");
}

#[tokio::test]
async fn who_asks_the_same_at_the_same_time_waits_for_one_answer() {
    let answers = Answers::default();
    let ticket = ask(&answers, &asked(1, "an"), NOW);
    let mut waiting = Vec::new();
    for _ in 0..9 {
        let Turn::Wait(waits) = answers.turn(&asked(1, "an"), NOW) else { panic!("somebody has asked") };
        waiting.push(waits);
    }
    ticket.answered(Ok(answer("1", NOW)));
    for mut waits in waiting {
        let told = waits.wait_for(Option::is_some).await.expect("told").clone();
        assert_eq!(told, Some(Ok(answer("1", NOW))));
    }
}

#[tokio::test]
async fn what_could_not_be_answered_is_told_to_those_who_wait_and_kept_for_nobody() {
    let answers = Answers::default();
    let ticket = ask(&answers, &asked(1, "an"), NOW);
    let Turn::Wait(mut waits) = answers.turn(&asked(1, "an"), NOW) else { panic!("somebody has asked") };
    ticket.answered(Err(Fault::new(Code::ProviderOutage)));
    assert!(
        matches!(&*waits.wait_for(Option::is_some).await.expect("told"), Some(Err(fault)) if fault.code == Code::ProviderOutage)
    );
    let given_up = ask(&answers, &asked(1, "an"), NOW);
    let Turn::Wait(mut waits) = answers.turn(&asked(1, "an"), NOW) else { panic!("somebody has asked") };
    drop(given_up);
    assert!(waits.wait_for(Option::is_some).await.is_err(), "the next one asks");
    drop(ask(&answers, &asked(1, "an"), NOW));
}

#[tokio::test]
async fn nobody_asks_for_longer_than_somebody_waits() {
    let answers = Answers::default();
    let Turn::Ask(ticket, waits) = answers.turn(&asked(1, "an"), NOW) else { panic!("it is our turn") };
    let Turn::Wait(other) = answers.turn(&asked(1, "an"), NOW) else { panic!("somebody has asked") };
    drop(waits);
    assert!(is_pending(ticket.nobody_waits()).await, "one waits still");
    drop(other);
    ticket.nobody_waits().await;
}

/// Whether it is not ready when it is looked at once.
async fn is_pending(work: impl Future<Output = ()>) -> bool {
    tokio::select! {
        biased;
        () = work => false,
        () = std::future::ready(()) => true,
    }
}

#[test]
fn what_was_forgotten_while_it_was_asked_for_is_not_kept() {
    let answers = Answers::default();
    ask(&answers, &asked(1, "old"), NOW).answered(Ok(answer("1", NOW)));
    ask(&answers, &asked(2, "an"), NOW).answered(Ok(answer("2", NOW)));
    let ticket = ask(&answers, &asked(1, "an"), NOW);
    answers.forget(&connection(1));
    let again = ask(&answers, &asked(1, "an"), NOW);
    ticket.answered(Ok(answer("before", NOW)));
    assert_eq!(known(&answers, &asked(1, "an"), NOW), None, "it may be from before");
    again.answered(Ok(answer("after", NOW)));
    assert_eq!(known(&answers, &asked(1, "an"), NOW), Some(answer("after", NOW)));
    assert_eq!(known(&answers, &asked(1, "old"), NOW), None);
    assert_eq!(known(&answers, &asked(2, "an"), NOW), Some(answer("2", NOW)), "another connection's stays");
}

#[test]
fn the_room_is_bounded_and_the_oldest_leave_it() {
    let answers = Answers::default();
    for no in 0..MOST + 1 {
        ask(&answers, &asked(1, &no.to_string()), NOW).answered(Ok(answer("1", NOW)));
    }
    assert!(answers.held().slots.len() <= MOST);
    assert_eq!(known(&answers, &asked(1, "0"), NOW), None);
    assert!(known(&answers, &asked(1, &MOST.to_string()), NOW).is_some());

    let answers = Answers::default();
    let large = Answer { next: Some(vec![0; ROOM / 3]), ..answer("1", NOW) };
    for no in 0..4 {
        ask(&answers, &asked(1, &no.to_string()), NOW).answered(Ok(large.clone()));
    }
    assert!(answers.held().bytes <= ROOM);
    answers.forget(&connection(1));
    let held = answers.held();
    assert_eq!((held.bytes, held.slots.len()), (0, 0), "what is counted comes back");
}
