//! The end of the journey: back to where the person came from.

use patchbay_model::{Code, Fault, SessionId};
use url::Url;

use super::Browser;
use crate::App;

impl App {
    /// The registered address, with a fresh completion code where one is awaited. None when the session has no
    /// address, and the browser stays.
    pub async fn finish_session(&self, session: &SessionId, browser: &Browser) -> Result<Option<Url>, Fault> {
        let session = self.browsers_session(session, browser).await?;
        let Some(return_to) = &session.return_to else { return Ok(None) };
        let row = self.store.return_address(&session.tenant, return_to).await.map_err(|_| {
            Fault::new(Code::ReturnAddressRefused).operator("the session's return address was removed meanwhile")
        })?;
        let mut address =
            Url::parse(&row.address).map_err(|error| Fault::new(Code::ReturnAddressRefused).operator(error))?;
        let code = match self.waiting(&session.id).await? {
            Some(_) => Some(self.completion_code(&session.id).await?),
            None if session.ended_at.is_some() => None,
            None => return Err(Fault::new(Code::SessionUnusable).operator("nothing was connected")),
        };
        let mut query = address.query_pairs_mut();
        query.append_pair("session", session.id.as_str());
        if let Some(code) = &code {
            query.append_pair("code", code.expose());
        }
        drop(query);
        Ok(Some(address))
    }
}
