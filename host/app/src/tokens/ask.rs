//! One exchange with the provider.

use std::time::Duration;

use async_trait::async_trait;
use patchbay_credentials::{
    RefreshError, Transport, TransportError,
    oauth::{self, Busy},
};
use patchbay_egress::CredentialError;
use patchbay_model::failpoint::failpoint;
use tokio::time::timeout;

use super::{
    refresh::Work,
    step::{Event, Token},
};

/// Lets a test stop the host while the provider has the request: the request goes on meanwhile.
struct Watched(Box<dyn Transport>);

#[async_trait]
impl Transport for Watched {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        tokio::join!(self.0.send(request), failpoint("refresh.request_sent")).0
    }
}

impl Work<'_> {
    pub(super) async fn ask(&mut self, token: &Token) -> Result<Event, CredentialError> {
        let settings = &self.app.settings;
        let spent = self.lease.as_ref().map_or(Duration::ZERO, |lease| lease.began.elapsed());
        if settings.refresh_lease.saturating_sub(spent) < settings.refresh_exchange {
            // The process stood still: the lease would end in the middle of the exchange.
            self.said = Busy::from("the lease of the refresh was over too soon".to_owned());
            return Ok(Event::NotNow { may_be_spent: false });
        }
        let credential = match token {
            Token::Stored(_) => Some(&self.present.credential),
            Token::Aside(name) => self.aside.iter().find(|(aside, _)| aside.name == *name).map(|(_, kept)| kept),
        };
        let Some(credential) = credential else { return Ok(Event::Dead) };
        let transport = Watched(self.transport());
        let auth = self.present.auth()?;
        let client = self.client.as_ref();
        let call = oauth::refresh(auth, client, credential, &self.present.facts, &*self.app.clock, &transport);
        let answer = timeout(settings.refresh_exchange, call).await;
        failpoint("refresh.answer_received").await;
        Ok(match answer {
            Ok(Ok(fresh)) => {
                self.fresh = Some(fresh);
                Event::Fresh
            }
            Ok(Err(RefreshError::Dead(text))) => {
                self.said = Busy::from(text);
                Event::Dead
            }
            Ok(Err(RefreshError::Busy(why))) => {
                let may_be_spent = why.may_be_spent;
                self.said = why;
                Event::NotNow { may_be_spent }
            }
            Err(_) => {
                self.said = Busy::from("the provider's login did not answer in time".to_owned());
                Event::NotNow { may_be_spent: true }
            }
        })
    }

    fn transport(&self) -> Box<dyn Transport> {
        #[cfg(test)]
        if let Some(provider) = self.app.refreshes.provider() {
            return provider;
        }
        Box::new(self.app.transport_for(&self.present.release))
    }
}
