//! The streams, and the picker of folders.
//!
//! Clients are read by change. In which order a list comes is not known, so a pass asks for one moment from its first page
//! to its last, and only its end moves that moment on. A list that got shorter while it was read does not move it: a row
//! may have slipped over the edge of a page.

use patchbay_sdk::{
    Choice, Choices, Context, Error, PAGE_RECORDS, Page, PickRequest, ReadRequest, Records, Result, log, run, time,
};
use serde::{Deserialize, Serialize};

use crate::{
    push,
    walk::{Step, Walk, shrank},
    wire::{Api, Listing, Row},
};

/// Requests of one call, so that what was read is stored from time to time.
const REQUESTS: usize = 25;
/// Choices of one answer.
const CHOICES: u32 = 100;

/// Where reading the clients stands.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Clients {
    /// Everything that changed before was read.
    since: Option<String>,
    /// The place within a pass; none between two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Place>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Place {
    page: u64,
    /// The same for the whole pass: pages of another size would not fit together.
    per_page: u32,
    /// The newest change that was met, milliseconds since 1970.
    newest: Option<u64>,
    /// Rows read so far.
    read: u64,
    /// Rows of the whole list when it was first asked.
    total: Option<u64>,
}

/// Where reading the document types stands.
#[derive(Serialize, Deserialize)]
struct Types {
    page: u64,
    per_page: u32,
    /// Rows read so far.
    read: u64,
    /// Rows of the whole list when it was first asked.
    total: Option<u64>,
}

/// Where a picker stands.
#[derive(Serialize, Deserialize)]
struct Picked {
    page: u64,
    read: u64,
}

pub(crate) fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
    let api = Api::of(ctx)?;
    match request.stream.as_str() {
        "clients" => clients(&api, request),
        "folders" => folders(&api, request),
        "document_types" => document_types(ctx, &api, request),
        _ => Err(request.unsupported()),
    }
}

fn clients(api: &Api, request: &ReadRequest) -> Result<Page> {
    let names = &api.assumed.fields.client;
    let by_change = api.assumed.page.since_param.as_str();
    let from = Clients { since: request.since_ms.map(time::rfc3339), at: None };
    let cursor = request.cursor::<Clients>()?.unwrap_or(from);
    let per_page = request.page_size(api.assumed.page.max);
    let start = Place { page: 1, per_page, newest: None, read: 0, total: None };
    let at = cursor.at.unwrap_or(start);
    let since = cursor.since.filter(|_| !by_change.is_empty());
    let filter = since.as_deref().map(|since| (by_change, since));
    let listing = api.list(&api.assumed.paths.clients, at.page, at.per_page, filter.as_slice())?;
    let found = listing.rows(&api.assumed, at.read)?;
    let (mut records, mut gone, mut newest) = (Records::empty(), Vec::new(), at.newest);
    for row in &found.rows {
        if row.is_inactive(&names.active) {
            gone.push(row.text(&names.id).ok_or_else(|| listing.unreadable("a client without an id"))?);
        } else {
            row.add_to(&mut records, &[], &names.names())?;
        }
        if !by_change.is_empty() {
            newest = newest.max(Some(changed_ms(&listing, row, &names.updated_at)?));
        }
    }
    let total = at.total.or(found.total);
    if !found.is_last {
        let at = Place { page: at.page.saturating_add(1), newest, read: found.read, total, ..at };
        return Ok(Page::more(records, &Clients { since, at: Some(at) })?.deleted(gone));
    }
    let slipped = found.slipped || shrank(total, found.total);
    if slipped {
        log::warn("the list of clients got shorter while it was read; it is asked again", &[("page", &at.page)]);
    }
    if by_change.is_empty() {
        let start = Clients::default();
        let page = if slipped { Page::end(records, &start)? } else { Page::complete(records, &start)? };
        return Ok(page.deleted(gone));
    }
    // A client dated in the future must not hide those that change until then.
    let newest = newest.filter(|_| !slipped).map(|newest| time::rfc3339(newest.min(run::now_ms())));
    Ok(Page::end(records, &Clients { since: newest.or(since), at: None })?.deleted(gone))
}

fn changed_ms(listing: &Listing, row: &Row<'_>, name: &str) -> Result<u64> {
    row.text(name)
        .and_then(|moment| time::parse_rfc3339(&moment))
        .ok_or_else(|| listing.unreadable("a client without the moment of its last change"))
}

fn folders(api: &Api, request: &ReadRequest) -> Result<Page> {
    let start = Walk::start(request.page_size(api.assumed.page.max));
    let mut walk = request.cursor::<Walk>()?.unwrap_or_else(|| start.clone());
    let room = request.page_hint.clamp(1, PAGE_RECORDS);
    let mut records = Records::empty();
    for _ in 0..REQUESTS {
        match walk.step(api, &mut records)? {
            Step::On => {}
            Step::Full => break,
            Step::Done if walk.is_whole() => return Page::complete(records, &start),
            Step::Done => return slipped(records, walk.listed, walk.total, &start),
        }
        if records.count() >= room || run::should_stop() {
            break;
        }
    }
    run::progress(walk.listed, walk.total);
    Page::more(records, &walk)
}

/// One page of the document types; they are read anew each time.
fn document_types(ctx: &Context, api: &Api, request: &ReadRequest) -> Result<Page> {
    let settings = push::Settings::of(ctx)?;
    let code = settings.partner_code.as_deref().map(|code| (api.assumed.page.code_param.as_str(), code));
    let start = Types { page: 1, per_page: request.page_size(api.assumed.page.max), read: 0, total: None };
    let at = request.cursor::<Types>()?.unwrap_or(Types { ..start });
    let listing = api.list(&api.assumed.paths.document_types, at.page, at.per_page, code.as_slice())?;
    let found = listing.rows(&api.assumed, at.read)?;
    let mut records = Records::empty();
    for row in found.rows.iter().filter(|row| !row.is_inactive(&api.assumed.fields.document_type.active)) {
        row.add_to(&mut records, &[], &[])?;
    }
    let (read, total) = (found.read, at.total.or(found.total));
    run::progress(read, found.total);
    if !found.is_last {
        return Page::more(records, &Types { page: at.page.saturating_add(1), per_page: at.per_page, read, total });
    }
    if found.slipped || shrank(total, found.total) {
        return slipped(records, read, total, &start);
    }
    Page::complete(records, &start)
}

/// The list changed while it was read, and something may not have been met: nothing may be taken for gone. The next run
/// reads everything again.
fn slipped(records: Records, read: u64, total: Option<u64>, start: &impl Serialize) -> Result<Page> {
    let total = total.unwrap_or_default();
    log::warn("a list changed while it was read", &[("read", &read), ("total", &total)]);
    Page::end(records, start)
}

/// The folders of the client that was chosen, as they are now.
pub(crate) fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
    if request.picker != "folders" {
        return Err(Error::unsupported(format!("This connector has no picker `{}`.", request.picker)));
    }
    let api = Api::of(ctx)?;
    let client = request.parent("clients").ok_or_else(|| Error::invalid_input("Choose a client first."))?;
    let names = &api.assumed.fields.folder;
    let wanted = request.query.trim().to_lowercase();
    let per_page = api.assumed.page.max.clamp(1, CHOICES);
    let mut at: Picked = request.cursor()?.unwrap_or(Picked { page: 1, read: 0 });
    for _ in 0..REQUESTS {
        let listing = api.list_of(&api.assumed.paths.folders, client, at.page, per_page, &[])?;
        let found = listing.rows(&api.assumed, at.read)?;
        let mut choices = Vec::new();
        for row in found.rows.iter().take(usize::try_from(CHOICES).unwrap_or(usize::MAX)) {
            let id = row.text(&names.id).ok_or_else(|| listing.unreadable("a folder without an id"))?;
            let (name, category) = (row.text(&names.name), row.text(&names.category));
            let label = name.unwrap_or_else(|| id.clone());
            let searched = format!("{label} {}", category.as_deref().unwrap_or_default()).to_lowercase();
            if wanted.split_whitespace().all(|word| searched.contains(word)) {
                choices.push(Choice { id, label, hint: category });
            }
        }
        at = Picked { page: at.page.saturating_add(1), read: found.read };
        if found.is_last {
            return Ok(Choices::of(choices));
        }
        if !choices.is_empty() || run::should_stop() {
            return Choices::of(choices).next(&at);
        }
    }
    Choices::of(Vec::new()).next(&at)
}
