//! What holds over all rooms: their order, the schema, who may do what, what addresses there are, what happens when the
//! database is away. Stories of one room stand in that room.

mod authority;
mod away;
mod consent_model;
#[cfg(feature = "chaos")]
mod row_security;
mod schema;
mod snapshots;
mod tables;
mod template;
mod tidy;
mod upgrade;
mod world;
