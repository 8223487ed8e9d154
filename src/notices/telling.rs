//! What this room's own messages say: of an operator's endpoints and of its feed. Keys stand in the order of the fields.

use serde::Serialize;
use utoipa::ToSchema;

use super::EventType;
use super::shape::Shape;
use crate::base::EndpointId;

/// The platform paused an endpoint.
#[derive(Serialize, ToSchema)]
pub(super) struct PausedData<'a> {
    /// The endpoint.
    #[schema(value_type = String)]
    pub endpoint_id: EndpointId,
    /// Its URL.
    pub url: &'a str,
    /// `failing`: it has answered nothing with 2xx for as long as its budget lasts.
    pub reason: &'static str,
    /// Since when all of its answers were failures.
    #[schema(format = DateTime)]
    pub failing_since: String,
}

/// An endpoint uses up its budget of failure.
#[derive(Serialize, ToSchema)]
pub(super) struct FailingData<'a> {
    /// The endpoint.
    #[schema(value_type = String)]
    pub endpoint_id: EndpointId,
    /// Its URL.
    pub url: &'a str,
    /// How much of the time until it is paused has passed, in per cent: 50, 70 or 90.
    pub budget_percent: u8,
    /// Since when all of its answers were failures.
    #[schema(format = DateTime)]
    pub failing_since: String,
    /// When it is paused if it goes on like this.
    #[schema(format = DateTime)]
    pub pauses_at: String,
}

/// An endpoint gets nothing more.
#[derive(Serialize, ToSchema)]
pub(super) struct DisabledData<'a> {
    /// The endpoint.
    #[schema(value_type = String)]
    pub endpoint_id: EndpointId,
    /// Its URL.
    pub url: &'a str,
    /// `gone`: it has answered 410. `platform`: the platform has ended it.
    pub reason: &'static str,
}

/// The message of the "Test" button.
#[derive(Serialize, ToSchema)]
pub(super) struct TestData {
    /// The endpoint that is tested.
    #[schema(value_type = String)]
    pub endpoint_id: EndpointId,
}

/// The message that proves an endpoint wants our traffic.
#[derive(Serialize, ToSchema)]
pub(super) struct VerificationData<'a> {
    /// To be answered with 200, as body or as `{"challenge": "…"}`.
    pub challenge: &'a str,
}

/// The hourly sign of life.
#[derive(Serialize, ToSchema)]
pub(super) struct HeartbeatData {
    /// The last position of the feed, 0 while it is empty: what is missing up to it can be pulled.
    pub head_seq: i64,
}

/// What these say, for the machine contract.
#[must_use]
pub fn event_shapes() -> Vec<Shape> {
    vec![
        Shape::of::<PausedData<'_>>("EndpointPausedData", &[EventType::EndpointPaused]).words("reason", ["failing"]),
        Shape::of::<FailingData<'_>>("EndpointFailingData", &[EventType::EndpointFailing]),
        Shape::of::<DisabledData<'_>>("EndpointDisabledData", &[EventType::EndpointDisabled]).words("reason", ["gone", "platform"]),
        Shape::of::<TestData>("EndpointTestData", &[EventType::EndpointTest]),
        Shape::of::<VerificationData<'_>>("EndpointVerificationData", &[EventType::EndpointVerification]),
        Shape::of::<HeartbeatData>("FeedHeartbeatData", &[EventType::FeedHeartbeat]),
    ]
}
