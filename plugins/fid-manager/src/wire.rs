//! What every request to FID-Manager needs, its lists, and what its statuses mean.

use std::collections::BTreeMap;

use patchbay_sdk::{
    Case, Context, Error, RawValue, Records, Result,
    http::{self, Request, Response},
};

use crate::assumed::Assumed;

/// How to talk to one office.
pub(crate) struct Api {
    /// `https://office.fid-manager.be`
    base: String,
    pub(crate) assumed: Assumed,
}

/// One page of a list.
pub(crate) struct Listing {
    response: Response,
    per_page: u32,
}

/// The rows of a page.
pub(crate) struct Rows<'a> {
    pub(crate) rows: Vec<Row<'a>>,
    /// How many rows the whole list has, where it says so.
    pub(crate) total: Option<u64>,
    /// Rows of the list so far, with these.
    pub(crate) read: u64,
    pub(crate) is_last: bool,
    /// The list ended before its total was reached: rows slipped away while it was read.
    pub(crate) slipped: bool,
}

/// One row: its text, and its members by name.
pub(crate) struct Row<'a> {
    raw: &'a RawValue,
    members: BTreeMap<String, &'a RawValue>,
}

impl Api {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let api = Self { base: ctx.fact("base_url")?.to_owned(), assumed: Assumed::of(ctx)? };
        let suffix = api.assumed.host_suffix.as_str();
        let domain = api.host().split(':').next().unwrap_or_default();
        if domain.strip_suffix(suffix).is_none_or(|office| office.is_empty() && !suffix.is_empty()) {
            return Err(Error::invalid_config(format!(
                "This is not the address of an office in FID-Manager: it ends with {suffix}."
            ))
            .field(
                "/base_url",
                format!("Write the address of your office, such as https://kantoorvoorbeeld{suffix}."),
            ));
        }
        Ok(api)
    }

    /// The office's host, with the port where there is one.
    pub(crate) fn host(&self) -> &str {
        self.base.strip_prefix("https://").unwrap_or(&self.base)
    }

    pub(crate) fn get(&self, path: &str) -> Result<Request> {
        Ok(http::get(self.address(path, "")?).header("accept", "application/json"))
    }

    pub(crate) fn post(&self, path: &str) -> Result<Request> {
        Ok(http::post(self.address(path, "")?).header("accept", "application/json"))
    }

    /// One page of a list, counted from 1.
    pub(crate) fn list(&self, path: &str, page: u64, per_page: u32, filter: &[(&str, &str)]) -> Result<Listing> {
        self.list_of(path, "", page, per_page, filter)
    }

    /// The same, of what lies below `id`.
    pub(crate) fn list_of(
        &self,
        path: &str,
        id: &str,
        page: u64,
        per_page: u32,
        filter: &[(&str, &str)],
    ) -> Result<Listing> {
        let names = &self.assumed.page;
        let request = http::get(self.address(path, id)?).header("accept", "application/json");
        let request = filter.iter().fold(request, |request, (name, value)| request.query(name, value));
        let request = request.query(&names.page_param, page).query(&names.size_param, per_page);
        Ok(Listing { response: ok(request.send()?)?, per_page })
    }

    /// A path of the configuration at this office, `{id}` filled.
    fn address(&self, path: &str, id: &str) -> Result<String> {
        let segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| if segment == "{id}" { id } else { segment })
            .collect();
        let address = http::address(&self.base, &segments)?;
        Ok(if path.ends_with('/') { format!("{address}/") } else { address })
    }
}

impl Listing {
    /// The rows, of which `before` came on the pages before. Where the list tells its total, only that decides about its
    /// end: a server may give smaller pages than it was asked for.
    pub(crate) fn rows(&self, assumed: &Assumed, before: u64) -> Result<Rows<'_>> {
        let body: BTreeMap<String, &RawValue> = self.response.json()?;
        let rows = body.get(&assumed.page.rows).ok_or_else(|| self.response.unreadable("a list without its rows"))?;
        let rows: Vec<&RawValue> =
            serde_json::from_str(rows.get()).map_err(|_| self.response.unreadable("rows that are no list"))?;
        let rows: Vec<Row<'_>> = rows.into_iter().map(|row| self.row(row)).collect::<Result<_>>()?;
        let total = body.get(&assumed.page.total).and_then(|total| total.get().parse::<u64>().ok());
        let told = body.get(&assumed.page.size_param).and_then(|size| size.get().parse::<u64>().ok());
        // A list that tells neither its length nor the size of its pages is no paged one.
        let is_paged = total.is_some() || told.is_some();
        let size = told.filter(|size| *size > 0).unwrap_or(u64::from(self.per_page));
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let read = before.saturating_add(count);
        let Some(total) = total else {
            return Ok(Rows { rows, total, read, is_last: !is_paged || count < size, slipped: false });
        };
        let slipped = rows.is_empty() && read < total;
        if !slipped && count < size && read < total {
            // The next number would not begin where this page ends.
            return Err(self.response.unreadable("fewer rows than a page has, though the list goes on").message(
                "FID-Manager gives smaller pages than it was asked for. Set `page.max` in this connector's configuration to the rows that it gives.",
            ));
        }
        Ok(Rows { rows, total: Some(total), read, is_last: slipped || read >= total, slipped })
    }

    /// Bytes of the answer.
    pub(crate) fn bytes(&self) -> usize {
        self.response.body().len()
    }

    pub(crate) fn unreadable(&self, what: &str) -> Error {
        self.response.unreadable(what)
    }

    fn row<'a>(&self, raw: &'a RawValue) -> Result<Row<'a>> {
        let members =
            serde_json::from_str(raw.get()).map_err(|_| self.response.unreadable("a row that is no object"))?;
        Ok(Row { raw, members })
    }
}

impl Row<'_> {
    /// A text, or a number as text; none for anything else, and where it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let value = self.members.get(name)?.get();
        if value.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Some(value.to_owned());
        }
        serde_json::from_str::<String>(value).ok().filter(|text| !text.is_empty())
    }

    /// Whether it is said to be over.
    pub(crate) fn is_inactive(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| value.get() == "false")
    }

    /// Adds it to the records as it came, with these members, and with the names that are known here where FID-Manager's
    /// own are others.
    pub(crate) fn add_to(
        &self,
        records: &mut Records,
        parents: &[(&str, &str)],
        names: &[(&'static str, &str)],
    ) -> Result<()> {
        let renamed = names.iter().filter(|(ours, theirs)| ours != theirs);
        let renamed: Vec<(&str, String)> =
            renamed.filter_map(|(ours, theirs)| Some((*ours, self.text(theirs)?))).collect();
        if parents.is_empty() && renamed.is_empty() {
            return records.push(self.raw);
        }
        let renamed = renamed.iter().map(|(name, value)| (*name, value.as_str()));
        let members: Vec<(&str, &str)> = parents.iter().copied().chain(renamed).collect();
        records.push_with(self.raw, &members)
    }
}

/// The answer, when it is a success; else what FID-Manager means by its status.
pub(crate) fn ok(response: Response) -> Result<Response> {
    if response.is_success() {
        return Ok(response);
    }
    let error = response.error();
    Err(match response.status() {
        401 => error.message(
            "FID-Manager does not accept the user name or the password. Enter those from the e-mail by FID-Manager, not your own login. When the access was opened again, only the newest e-mail counts.",
        ),
        403 => error.message(
            "FID-Manager does not allow this. An administrator has to open the access under More, External software settings, and mark the document type as one that may be read.",
        ),
        404 => error.message("FID-Manager does not have this, or hides it from this partner."),
        413 => error.message("FID-Manager refuses the file: it is too large."),
        415 => error.message("FID-Manager refuses the file: it takes PDF and Word documents."),
        429 => error.message("FID-Manager asks to wait."),
        _ => match error.case() {
            Case::InvalidInput => error.message("FID-Manager refuses what was sent."),
            _ => error,
        },
    })
}
