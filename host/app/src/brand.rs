//! How a tenant looks to its own people (`/app`) and to its end users (`/link`): name, accent and logo.

mod accent;
mod logo;

use patchbay_model::{Code, Fault, TenantId};
use patchbay_store::{BrandLogo, BrandRow, LogoRef, NewBrand};

pub use accent::Accent;
pub use logo::{LogoKind, NewLogo};

use crate::{
    App,
    access::{NAME, check_text},
};

/// What pages show of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// What its people call it: the brand's name, else the tenant's.
    pub name: String,
    /// Its colour, where it has one.
    pub accent: Option<Accent>,
    /// Its logo, where it has one.
    pub logo: Option<Logo>,
}

/// Which picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// What kind of picture.
    pub kind: LogoKind,
}

/// What is to change: none leaves it as it is, none within takes it away.
#[derive(Debug, Default)]
pub struct BrandChange {
    /// What its people call it.
    pub name: Option<Option<String>>,
    /// `#rrggbb`.
    pub accent: Option<Option<String>>,
    /// Its logo.
    pub logo: Option<Option<NewLogo>>,
}

impl App {
    /// A tenant's brand.
    pub async fn brand(&self, tenant: &TenantId) -> Result<Brand, Fault> {
        let name = self.store.tenant(tenant).await?.name;
        Ok(shown(name, self.store.brand(tenant).await?))
    }

    /// Changes a tenant's brand; how it is from now on.
    pub async fn change_brand(&self, tenant: &TenantId, change: BrandChange, actor: &str) -> Result<Brand, Fault> {
        let known = self.store.brand(tenant).await?;
        if let Some(Some(name)) = &change.name {
            check_text("/name", name, NAME)?;
        }
        if let Some(Some(accent)) = &change.accent
            && Accent::read(accent).is_none()
        {
            let message = "must be a colour such as #1f5fd6: a number sign and six hexadecimal digits";
            return Err(Fault::new(Code::BodyInvalid).field("/accent", message));
        }
        let logo = match change.logo {
            None => BrandLogo::Kept,
            Some(None) => BrandLogo::Removed,
            Some(Some(new)) => {
                let kind = new.check()?;
                let digest = patchbay_model::package::digest(&new.data);
                BrandLogo::Set(LogoRef { digest, kind: kind.extension().to_owned() }, new.data)
            }
        };
        let new = NewBrand {
            name: change.name.unwrap_or(known.name).map(|name| name.trim().to_owned()),
            accent: change.accent.unwrap_or(known.accent).map(|accent| accent.to_ascii_lowercase()),
            logo,
            actor: actor.to_owned(),
        };
        self.store.put_brand(tenant, new).await?;
        self.brand(tenant).await
    }

    /// The bytes of a logo that some tenant has.
    pub async fn brand_logo(&self, logo: &Logo) -> Result<Vec<u8>, Fault> {
        let wanted = LogoRef { digest: logo.digest.clone(), kind: logo.kind.extension().to_owned() };
        self.store.brand_logo(&wanted).await?.ok_or_else(|| Fault::new(Code::NotFound))
    }
}

fn shown(tenant: String, row: BrandRow) -> Brand {
    Brand {
        name: row.name.unwrap_or(tenant),
        accent: row.accent.as_deref().and_then(Accent::read),
        logo: row.logo.and_then(|logo| Some(Logo { digest: logo.digest, kind: LogoKind::of(&logo.kind)? })),
    }
}
