//! What organisations and clients there are, for the command line and for a demo that is started again.

use sqlx::PgConnection;

use super::queries_setup_directory as queries;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::Store;

/// The ids behind the short names.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Short name and id.
    pub tenants: Vec<(String, TenantId)>,
    /// Short name and id.
    pub operators: Vec<(String, OperatorId)>,
    /// Ids of the API clients that are not revoked.
    pub clients: Vec<String>,
}

impl Directory {
    /// The tenant of that short name.
    #[must_use]
    pub fn tenant(&self, slug: &str) -> Option<TenantId> {
        self.tenants.iter().find(|(name, _)| name == slug).map(|(_, id)| *id)
    }

    /// The operator of that short name.
    #[must_use]
    pub fn operator(&self, slug: &str) -> Option<OperatorId> {
        self.operators.iter().find(|(name, _)| name == slug).map(|(_, id)| *id)
    }
}

/// Reads the directory over all organisations.
///
/// # Errors
/// When the database is away.
pub async fn directory(store: &Store) -> Result<Directory, Failure> {
    let mut tx = store.begin_job().await?;
    let found = read(&mut tx).await?;
    tx.commit().await?;
    Ok(found)
}

async fn read(conn: &mut PgConnection) -> Result<Directory, sqlx::Error> {
    Ok(Directory {
        tenants: queries::tenants(conn).await?,
        operators: queries::operators(conn).await?,
        clients: queries::clients(conn).await?,
    })
}
