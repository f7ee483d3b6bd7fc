//! How a tenant looks to its own people and to its end users.

use patchbay_model::TenantId;

use crate::{
    Store, StoreError,
    audit::{NewAudit, append},
    row::{Reader, Row, maybe, select},
};

/// A tenant's brand, without the bytes of its logo.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BrandRow {
    /// What its people call it; its name as a tenant where none.
    pub name: Option<String>,
    /// `#rrggbb`.
    pub accent: Option<String>,
    /// Its logo.
    pub logo: Option<LogoRef>,
}

/// Which picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoRef {
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// `svg` or `png`.
    pub kind: String,
}

/// A brand to keep, in place of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBrand {
    /// What its people call it.
    pub name: Option<String>,
    /// `#rrggbb`.
    pub accent: Option<String>,
    /// What becomes of its logo.
    pub logo: BrandLogo,
    /// Who changed it.
    pub actor: String,
}

/// What becomes of the logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrandLogo {
    /// It stays.
    Kept,
    /// There is none any more.
    Removed,
    /// This one, with its bytes.
    Set(LogoRef, Vec<u8>),
}

impl Row for BrandRow {
    const TABLE: &'static str = "brands";
    const FROM: &'static str = "brands b";
    const COLUMNS: &'static str = "b.name, b.accent, b.logo_digest, b.logo_kind";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        let (name, accent) = (r.next("name")?, r.next("accent")?);
        let (digest, kind): (Option<String>, Option<String>) = (r.next("logo_digest")?, r.next("logo_kind")?);
        Ok(Self { name, accent, logo: digest.zip(kind).map(|(digest, kind)| LogoRef { digest, kind }) })
    }
}

/// The bytes of a logo.
struct Picture(Vec<u8>);

impl Row for Picture {
    const TABLE: &'static str = "brands";
    const FROM: &'static str = "brands b";
    const COLUMNS: &'static str = "b.logo";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        r.next("logo").map(Self)
    }
}

impl Store {
    /// A tenant's brand; an empty one where none was set.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn brand(&self, tenant: &TenantId) -> Result<BrandRow, StoreError> {
        let statement = sqlx::query(select::<BrandRow>("WHERE b.tenant = $1"));
        Ok(maybe(self.read(), statement.bind(tenant.as_str())).await?.unwrap_or_default())
    }

    /// The bytes of a logo that some tenant has at this moment.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn brand_logo(&self, logo: &LogoRef) -> Result<Option<Vec<u8>>, StoreError> {
        let statement = sqlx::query(select::<Picture>("WHERE b.logo_digest = $1 AND b.logo_kind = $2 LIMIT 1"));
        let found = maybe(self.read(), statement.bind(logo.digest.as_str()).bind(logo.kind.as_str())).await?;
        Ok(found.map(|picture: Picture| picture.0))
    }

    /// Sets a tenant's brand.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a tenant that does not exist.
    pub async fn put_brand(&self, tenant: &TenantId, new: NewBrand) -> Result<(), StoreError> {
        let now = self.now();
        let picture = match &new.logo {
            BrandLogo::Set(logo, _) => Some(logo.digest.clone()),
            BrandLogo::Kept | BrandLogo::Removed => None,
        };
        let detail = serde_json::json!({
            "name": new.name.as_deref(), "accent": new.accent.as_deref(), "new_logo": picture,
            "logo_removed": new.logo == BrandLogo::Removed,
        });
        let line = self.audit_line(NewAudit::of(Some(tenant), &new.actor, "brand.changed", tenant).detail(&detail));
        let tenant = tenant.clone();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO brands (tenant, name, accent, updated_at) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (tenant) DO UPDATE SET name = excluded.name, accent = excluded.accent, \
                     updated_at = excluded.updated_at",
                )
                .bind(tenant.as_str())
                .bind(new.name)
                .bind(new.accent)
                .bind(now.as_micros())
                .execute(&mut *tx)
                .await?;
                let (digest, kind, bytes) = match new.logo {
                    BrandLogo::Kept => return append(tx, &line).await,
                    BrandLogo::Removed => (None, None, None),
                    BrandLogo::Set(logo, bytes) => (Some(logo.digest), Some(logo.kind), Some(bytes)),
                };
                sqlx::query("UPDATE brands SET logo_digest = $2, logo_kind = $3, logo = $4 WHERE tenant = $1")
                    .bind(tenant.as_str())
                    .bind(digest)
                    .bind(kind)
                    .bind(bytes)
                    .execute(&mut *tx)
                    .await?;
                append(tx, &line).await
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    fn logo() -> LogoRef {
        LogoRef { digest: "ab".repeat(32), kind: "svg".to_owned() }
    }

    fn brand(name: &str, logo: BrandLogo) -> NewBrand {
        NewBrand { name: Some(name.to_owned()), accent: Some("#1f5fd6".to_owned()), logo, actor: "key".to_owned() }
    }

    #[tokio::test]
    async fn a_brand_is_its_tenants_own_and_its_logo_stays_until_it_is_taken_away() {
        let world = World::open().await;
        let (store, tenant) = (&world.store, &world.tenant);
        assert_eq!(store.brand(tenant).await, Ok(BrandRow::default()));
        let set = brand("Ours", BrandLogo::Set(logo(), vec![1, 2]));
        store.put_brand(tenant, set).await.expect("set");
        store.put_brand(tenant, brand("Ours too", BrandLogo::Kept)).await.expect("set");
        let there = store.brand(tenant).await.expect("read");
        assert_eq!((there.name.as_deref(), there.logo), (Some("Ours too"), Some(logo())));
        assert_eq!(store.brand_logo(&logo()).await, Ok(Some(vec![1, 2])));
        let png = LogoRef { kind: "png".to_owned(), ..logo() };
        assert_eq!(store.brand_logo(&png).await, Ok(None), "an address with another ending is another address");
        let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
        assert_eq!(store.brand(&other).await, Ok(BrandRow::default()));

        store.put_brand(tenant, brand("Ours", BrandLogo::Removed)).await.expect("set");
        assert_eq!(store.brand(tenant).await.map(|there| there.logo), Ok(None));
        assert_eq!(store.brand_logo(&logo()).await, Ok(None));
        assert_eq!(world.told("brand.changed").await, 3);
    }
}
