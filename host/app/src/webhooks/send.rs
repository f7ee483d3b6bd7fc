//! Delivering: what is due is claimed, signed and sent; what did not arrive is sent again, for days.
//!
//! - **At least once, and at each attempt with the same id**: a receiver that keeps the ids it has seen handles
//!   each event once.
//! - Requests leave through the gate like everything else: public addresses only, no redirects, 15 seconds, a small
//!   answer. What it says of an address goes to the operator; the tenant reads that there is no way to it, and
//!   nothing of what was found behind a name.
//! - An endpoint that is slow holds up its own events: it has [`PER_WEBHOOK`] requests at once, all have
//!   [`AT_ONCE`], and the store claims in turns.
//! - 2xx is arrival, 410 switches the endpoint off (it says that it is gone), all else is tried again after
//!   [`WEBHOOK_RETRIES`] or what `Retry-After` asks, whichever is longer.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use patchbay_egress::ExchangeError;
use patchbay_model::{Code, EventId, Fault, Timestamp};
use patchbay_store::{ClaimedDelivery, DeliveryEnd, StoreError, Webhook};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use super::sign;
use crate::App;

/// Pauses after attempts that failed; after the last one it is given up, more than three days in all.
pub const WEBHOOK_RETRIES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(5 * 3_600),
    Duration::from_secs(10 * 3_600),
    Duration::from_secs(14 * 3_600),
    Duration::from_secs(20 * 3_600),
    Duration::from_secs(24 * 3_600),
];

/// Requests under way, in all and to one endpoint.
const AT_ONCE: usize = 64;
const PER_WEBHOOK: u32 = 4;
/// An endpoint that asks for more is taken at this.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3_600);
/// As Standard Webhooks recommends it.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: &'a RawValue,
}

/// What became of one request.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Arrived(StatusCode),
    Refused(StatusCode, Option<Duration>),
    /// No answer, for the tenant to read.
    Nothing(String),
}

impl App {
    /// Delivers what is due, until the host stops.
    pub(crate) async fn send_webhooks(self: Arc<Self>) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut stop = self.stop.clone();
        let mut poll = tokio::time::interval(self.settings.poll);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !*stop.borrow() {
            match self.send_due(&places).await {
                // There may be more than was claimed.
                Ok(claimed) if claimed > 0 => continue,
                Ok(_) => {}
                Err(fault) => tracing::error!("no webhooks could be claimed: {fault:?}"),
            }
            tokio::select! {
                () = self.webhooks_due.notified() => {}
                _ = poll.tick() => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Claims for the free places and begins to send; how much was claimed.
    pub(super) async fn send_due(self: &Arc<Self>, places: &Arc<Semaphore>) -> Result<usize, Fault> {
        let free = u32::try_from(places.available_permits()).unwrap_or(u32::MAX);
        if free == 0 {
            return Ok(0);
        }
        let claimed = self.store.claim_deliveries(self.settings.webhook_lease, free, PER_WEBHOOK).await?;
        let count = claimed.len();
        for delivery in claimed {
            // What finds no place comes again when its lease ends; there is always one.
            let Ok(place) = Arc::clone(places).try_acquire_owned() else { break };
            let app = Arc::clone(self);
            self.tasks.spawn(async move {
                app.send_one(delivery).await;
                drop(place);
                app.webhooks_due.notify_one();
            });
        }
        Ok(count)
    }

    async fn send_one(&self, delivery: ClaimedDelivery) {
        let ClaimedDelivery { no, epoch, attempts, webhook, event } = delivery;
        let (id, to) = (&event.id, &webhook.id);
        let data = serde_json::from_str(&event.data).unwrap_or(RawValue::NULL);
        let body = Body { r#type: event.kind.as_str(), timestamp: event.at, data };
        let heard = match self.tell(&webhook, id, &body).await {
            Ok(heard) => heard,
            // The host's own trouble; not the endpoint's, but it has to be tried again all the same.
            Err(fault) => {
                tracing::error!(webhook.id = %to, event.id = %id, "{id} could not be told to {to}: {fault:?}");
                Heard::Nothing("the host could not sign it".to_owned())
            }
        };
        if matches!(heard, Heard::Refused(StatusCode::GONE, _)) {
            match self.store.disable_webhook(to, "It answered 410 Gone.").await {
                Ok(_) => tracing::warn!(webhook.id = %to, "{to} answered 410 and is told nothing any more"),
                Err(error) => tracing::error!(webhook.id = %to, "{to} could not be switched off: {error}"),
            }
        }
        let end = self.end_of_delivery(attempts, heard);
        if let DeliveryEnd::Again { error, .. } | DeliveryEnd::Failed { error, .. } = &end {
            tracing::info!(webhook.id = %to, event.id = %id, "attempt {attempts} to tell {id} to {to}: {error}");
        }
        match self.store.end_delivery(no, epoch, end, self.settings.webhook_disable_after).await {
            Ok(ended) if ended.disabled => {
                tracing::warn!(webhook.id = %to, "nothing has reached {to} for days; it is told nothing any more");
            }
            Ok(_) => {}
            // It took so long that another has taken over, or it was removed: the receiver knows the id.
            Err(StoreError::Stale | StoreError::NotFound) => {
                tracing::info!(webhook.id = %to, event.id = %id, "{id} was told to {to} under a lease that was over");
            }
            Err(error) => {
                tracing::error!(webhook.id = %to, event.id = %id, "what became of {id} for {to} is not stored: {error}");
            }
        }
    }

    /// One signed request.
    async fn tell(&self, webhook: &Webhook, id: &EventId, body: &Body<'_>) -> Result<Heard, Fault> {
        let internal = |error: &dyn std::fmt::Display| Fault::new(Code::Internal).operator(error);
        let body = serde_json::to_vec(body).map_err(|error| internal(&error))?;
        let secrets = self.signing_secrets(webhook).await?;
        let signed = sign::headers(&secrets, id.as_str(), self.clock.now(), &body).map_err(|error| internal(&error))?;
        let mut request =
            http::Request::post(&webhook.url).body(Bytes::from(body)).map_err(|error| internal(&error))?;
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.headers_mut().extend(signed);
        let answered = self.gate.exchange_public(request).await;
        Ok(match answered {
            Ok(answer) if answer.status().is_success() => Heard::Arrived(answer.status()),
            Ok(answer) => Heard::Refused(answer.status(), asked(answer.headers(), self.clock.now())),
            Err(error) => {
                let to = &webhook.id;
                tracing::debug!(webhook.id = %to, "{to} gave no answer: {error}");
                Heard::Nothing(no_answer(&error))
            }
        })
    }

    /// What follows from an attempt; `attempts` counts it.
    fn end_of_delivery(&self, attempts: u32, heard: Heard) -> DeliveryEnd {
        let (status, asked, error) = match heard {
            Heard::Arrived(status) => return DeliveryEnd::Done { status: status.as_u16() },
            Heard::Refused(status, asked) => (Some(status), asked, refusal(status)),
            Heard::Nothing(why) => (None, None, why),
        };
        let number = status.map(|status| status.as_u16());
        let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        match self.settings.webhook_retries.get(place) {
            Some(pause) if status != Some(StatusCode::GONE) => {
                let mut dice = [0; 8];
                self.random.fill(&mut dice);
                let pause = lengthened(*pause, u64::from_le_bytes(dice)).max(asked.unwrap_or_default());
                DeliveryEnd::Again { at: self.clock.now().plus(pause), status: number, error }
            }
            _ => DeliveryEnd::Failed { status: number, error },
        }
    }
}

/// A pause and up to a fifth more, as `dice` falls: what failed together does not come back together.
fn lengthened(pause: Duration, dice: u64) -> Duration {
    let per_mille = 1_000 + u32::try_from(dice % 201).unwrap_or(0);
    pause.saturating_mul(per_mille) / 1_000
}

fn refusal(status: StatusCode) -> String {
    let number = status.as_u16();
    if status.is_redirection() {
        format!("It answered {number}; redirects are not followed: enter the address that they lead to.")
    } else {
        format!("It answered {number}.")
    }
}

/// What a tenant reads where no answer came. What an address led to is none of its business: the text would tell it
/// what there is in our network.
fn no_answer(error: &ExchangeError) -> String {
    match error {
        ExchangeError::Denied(_) => "Its address cannot be reached from here: it has to be public, at port 443.",
        ExchangeError::NotSent(_) => {
            "No connection could be opened to it: is its name known, does it listen, and is \
            its certificate good?"
        }
        ExchangeError::Unknown(_) => "It did not answer in time, or broke the connection.",
        ExchangeError::TooLarge(_) => "Its answer was too large; a status without a body will do.",
        ExchangeError::Other(_) => "Its answer could not be read.",
    }
    .to_owned()
}

/// What `Retry-After` asks for: seconds, or a date (RFC 9110, 10.2.3).
fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => date(text)?.since(now),
    };
    Some(pause.min(LONGEST_ASKED))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`; the two forms that have been out of date since 1999 are nothing.
fn date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.strip_suffix(" GMT")?.split(' ');
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_for_more_than_three_days_with_pauses_that_grow() {
        assert!(WEBHOOK_RETRIES.is_sorted());
        let all: Duration = WEBHOOK_RETRIES.iter().sum();
        assert!((3..4).contains(&(all.as_secs() / 86_400)), "{all:?}");
        // As long as `retention.events_days` allows at least.
        assert!(all * 6 / 5 < Duration::from_secs(5 * 86_400));
    }

    #[test]
    fn pauses_are_lengthened_by_up_to_a_fifth_and_never_shortened() {
        let pause = Duration::from_secs(1_000);
        for dice in 0..500 {
            assert!((pause..=Duration::from_secs(1_200)).contains(&lengthened(pause, dice)));
        }
        assert_ne!(lengthened(pause, 1), lengthened(pause, 2));
    }

    #[test]
    fn what_is_asked_for_is_seconds_or_a_date_and_at_most_a_day() {
        let now: Timestamp = "1994-11-06T08:49:00Z".parse().expect("a time");
        for (text, seconds) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("99999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Fri, 06 Nov 2094 08:49:37 GMT", Some(86_400)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_str(text).expect("a value"))]);
            assert_eq!(asked(&headers, now), seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn a_tenant_reads_nothing_of_what_an_address_led_to() {
        let inside = "hooks.example.com may not be connected to: 10.1.2.3 is not a public address";
        for error in [
            ExchangeError::Denied(inside.to_owned()),
            ExchangeError::NotSent(inside.to_owned()),
            ExchangeError::Unknown(inside.to_owned()),
            ExchangeError::Other(inside.to_owned()),
        ] {
            assert!(!no_answer(&error).contains("10.1.2.3"), "{error}");
        }
    }
}
