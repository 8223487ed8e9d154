//! Endpoints of the demo: their receiver is known, so they are verified from the start and their keys are given.

use super::EndpointSpec;
use super::KeySet;
use super::Keys;
use super::SignatureKind;
use super::parse_url;
use super::queries_endpoints as queries;
use super::queries_setup_seed as setup;
use crate::base::EndpointId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::store::Store;

/// Gives an operator an active endpoint that gets everything, from the beginning of its feed on. One of the same description
/// that is there already moves to the new address and keeps its place and keys. Only for the demo: nobody asked the receiver.
///
/// # Errors
/// When the address is no URL, or the database is away.
pub async fn seed_endpoint(
    store: &Store,
    operator: OperatorId,
    url: &str,
    description: &str,
    keys: Keys,
) -> Result<EndpointId, Failure> {
    let url = parse_url(url).map_err(anyhow::Error::new)?;
    let now = store.env.now();
    let mut tx = store.begin_job().await?;
    let id = if let Some(id) = setup::described(&mut tx, operator, description).await? {
        id
    } else {
        let id = EndpointId(store.env.id());
        let spec = EndpointSpec {
            url: url.clone(),
            description: description.to_owned(),
            event_types: Vec::new(),
            signature: SignatureKind::Both,
            max_in_flight: 8,
            confirms: true,
        };
        queries::insert(&mut tx, operator, id, &spec, 0, now).await?;
        queries::save_keys(&mut tx, store, operator, id, &KeySet::new(keys)).await?;
        id
    };
    setup::take_as_verified(&mut tx, operator, id, url.as_str(), now).await?;
    tx.commit().await?;
    Ok(id)
}
