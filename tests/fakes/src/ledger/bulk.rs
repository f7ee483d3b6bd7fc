//! `/bulk`: pages that are made by copying one text and writing the numbers into it, and kept for the next time.
//! Serving one costs a lock and a pointer, so that a benchmark measures the host and not its provider.

use std::collections::HashMap;

use bytes::Bytes;

use super::{
    journal::Facts,
    record::{RECORD_BYTES, moment, record},
    serve::Given,
};
use crate::{exchange::Incoming, strict};

/// Records of a page, at most and when nobody says.
const PAGE: usize = 1_000;
/// Bytes of pages that are kept.
const KEPT_BYTES: usize = 512 * 1024 * 1024;
/// Digits of an id, so that each stands at the same place.
const DIGITS: usize = 8;
/// Where the digits stand in a record: after `{"id":"`.
const AT: usize = 7;
/// The day from which all of them are.
const CHANGED_MS: i64 = 1_767_225_600_000;

pub(super) struct Bulk {
    pub(super) records: u64,
    pub(super) revision: u32,
    kept: HashMap<(usize, usize), Bytes>,
    bytes: usize,
}

impl Bulk {
    pub(super) fn open(records: u64) -> Self {
        Self { records, revision: 1, kept: HashMap::new(), bytes: 0 }
    }

    /// New revisions of so many records.
    pub(super) fn renew(&mut self, records: u64) {
        *self = Self { revision: self.revision + 1, ..Self::open(records) };
    }

    /// `GET /bulk?page=N&size=S`.
    pub(super) fn answer(&mut self, request: &Incoming) -> Given {
        let asked = strict::params("query parameter", &request.query, &["page", "size"])
            .and_then(|()| strict::number(request, "page", 1, usize::MAX / PAGE, 1))
            .and_then(|page| Ok((page, strict::number(request, "size", 1, PAGE, PAGE)?)));
        let (page, size) = match asked {
            Ok(asked) => asked,
            Err(why) => return Given::refusal(why),
        };
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let first = number(page - 1).saturating_mul(number(size)).saturating_add(1);
        let count = (self.records + 1).saturating_sub(first).min(number(size));
        let next = (first + count <= self.records).then_some(number(page) + 1);
        let body = match self.kept.get(&(page, size)) {
            Some(body) => body.clone(),
            None => {
                let body = Bytes::from(self.make(first, count, next));
                if self.bytes.saturating_add(body.len()) <= KEPT_BYTES {
                    self.bytes += body.len();
                    self.kept.insert((page, size), body.clone());
                }
                body
            }
        };
        let facts = Facts {
            list: "bulk".to_owned(),
            page: number(page),
            next,
            bulk: (count > 0).then_some((first, count, self.revision)),
            ..Facts::default()
        };
        Given { facts, ..Given::bytes(200, body) }
    }

    fn make(&self, first: u64, count: u64, next: Option<u64>) -> Vec<u8> {
        // Each id stands where this one stands, and is as long.
        let model = record("bulk", 0, self.revision, &moment(CHANGED_MS, 0), None);
        let model = model.replacen("\"0\"", &format!("\"{:0DIGITS$}\"", 0), 1);
        let mut body = Vec::with_capacity(usize::try_from(count).unwrap_or(0) * (RECORD_BYTES + DIGITS) + 64);
        body.extend_from_slice(b"{\"items\":[");
        for id in first..first.saturating_add(count) {
            if id > first {
                body.push(b',');
            }
            let start = body.len() + AT;
            body.extend_from_slice(model.as_bytes());
            let mut rest = id;
            for place in body.iter_mut().skip(start).take(DIGITS).rev() {
                *place = b'0' + u8::try_from(rest % 10).unwrap_or_default();
                rest /= 10;
            }
        }
        let next = next.map_or_else(|| "null".to_owned(), |next| next.to_string());
        body.extend_from_slice(format!("],\"next\":{next}}}").as_bytes());
        body
    }
}
