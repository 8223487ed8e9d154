//! Numbers: which numbers an operator serves for which tenant, who has them, and how both sides come to agree on it.
//!
//! **What.** The inventory and its holdings, targets, the assignment machine, operators' orders (provision, change, release),
//! the timeline of every number.
//!
//! **Who.** Tenants assign and unassign; operators provision, change, release and refuse; the platform keeps the targets and
//! reads the assignments.
//!
//! **Invariants.** One pure machine ([`Number`]) decides every change of state. A change, its event, its timeline entry and its
//! log entry stand or fall together. `number_seq` never goes back for an E.164 number, also when it is released and provisioned
//! again. An E.164 number is one operator's and one tenant's at a time (`number_claim`); a target has at most one primary number.
//! Unassign and release are never refused for lack of consent. An operator never learns a target, nor whose a foreign number is.
//! A row of an order is done exactly once, in the transaction that changes the number.
//!
//! **What it does not know.** Calls, durations, how an event reaches an operator, why a gate is open.

mod forms;
mod forms_acts;
mod forms_lists;
mod forms_sets;
mod forms_stock;
mod islands_sets;

#[cfg(feature = "ssr")]
mod actions;
#[cfg(feature = "ssr")]
mod acts;
#[cfg(feature = "ssr")]
mod api;
#[cfg(feature = "ssr")]
mod api_acts;
#[cfg(feature = "ssr")]
mod api_directory;
#[cfg(feature = "ssr")]
mod api_read;
#[cfg(feature = "ssr")]
mod api_sets;
#[cfg(feature = "ssr")]
mod api_wire;
#[cfg(feature = "ssr")]
mod assignment_import;
#[cfg(feature = "ssr")]
mod choosing;
#[cfg(feature = "ssr")]
mod csv_file;
#[cfg(feature = "ssr")]
mod download;
#[cfg(feature = "ssr")]
mod download_sets;
#[cfg(feature = "ssr")]
mod download_stock;
#[cfg(feature = "ssr")]
mod imports;
#[cfg(feature = "ssr")]
mod jobs;
#[cfg(feature = "ssr")]
mod jobs_sets;
#[cfg(feature = "ssr")]
mod jobs_snapshots;
#[cfg(feature = "ssr")]
mod model;
#[cfg(feature = "ssr")]
mod model_assign;
#[cfg(feature = "ssr")]
mod model_book;
#[cfg(feature = "ssr")]
mod model_change;
#[cfg(feature = "ssr")]
mod model_columns;
#[cfg(feature = "ssr")]
mod model_filter;
#[cfg(feature = "ssr")]
mod model_list;
#[cfg(feature = "ssr")]
mod model_sets;
#[cfg(feature = "ssr")]
mod numbering;
#[cfg(feature = "ssr")]
mod numbering_plan;
#[cfg(feature = "ssr")]
mod order_apply;
#[cfg(feature = "ssr")]
mod order_csv;
#[cfg(feature = "ssr")]
mod order_rows;
#[cfg(feature = "ssr")]
mod orders;
#[cfg(feature = "ssr")]
mod pages_assign;
#[cfg(feature = "ssr")]
mod pages_filter;
#[cfg(feature = "ssr")]
mod pages_list;
#[cfg(feature = "ssr")]
mod pages_manage;
#[cfg(feature = "ssr")]
mod pages_number;
#[cfg(feature = "ssr")]
mod pages_operator;
#[cfg(feature = "ssr")]
mod pages_operator_list;
#[cfg(feature = "ssr")]
mod pages_orders;
#[cfg(feature = "ssr")]
mod pages_past;
#[cfg(feature = "ssr")]
mod pages_people;
#[cfg(feature = "ssr")]
mod pages_places;
#[cfg(feature = "ssr")]
mod pages_release;
#[cfg(feature = "ssr")]
mod pages_sets;
#[cfg(feature = "ssr")]
mod pages_sets_new;
#[cfg(feature = "ssr")]
mod pages_sets_one;
#[cfg(feature = "ssr")]
mod pages_settings;
#[cfg(feature = "ssr")]
mod pages_stock;
#[cfg(feature = "ssr")]
mod pages_target;
#[cfg(feature = "ssr")]
mod pages_target_upload;
#[cfg(feature = "ssr")]
mod pages_timeline;
#[cfg(feature = "ssr")]
mod pages_unassign;
#[cfg(feature = "ssr")]
mod pages_upload;
#[cfg(feature = "ssr")]
mod past;
#[cfg(feature = "ssr")]
mod pasted;
#[cfg(feature = "ssr")]
mod places;
#[cfg(feature = "ssr")]
mod queries;
#[cfg(feature = "ssr")]
mod queries_acts;
#[cfg(feature = "ssr")]
mod queries_detail;
#[cfg(feature = "ssr")]
mod queries_digits;
#[cfg(feature = "ssr")]
mod queries_filter;
#[cfg(feature = "ssr")]
mod queries_jobs;
#[cfg(feature = "ssr")]
mod queries_list;
#[cfg(feature = "ssr")]
mod queries_number_lists;
#[cfg(feature = "ssr")]
mod queries_operator;
#[cfg(feature = "ssr")]
mod queries_order_rows;
#[cfg(feature = "ssr")]
mod queries_orders;
#[cfg(feature = "ssr")]
mod queries_past;
#[cfg(feature = "ssr")]
mod queries_people;
#[cfg(feature = "ssr")]
mod queries_places;
#[cfg(feature = "ssr")]
mod queries_release;
#[cfg(feature = "ssr")]
mod queries_sets;
#[cfg(feature = "ssr")]
mod queries_sets_rows;
#[cfg(feature = "ssr")]
mod queries_setup;
#[cfg(feature = "ssr")]
mod queries_setup_stock;
#[cfg(feature = "ssr")]
mod queries_snapshots;
#[cfg(feature = "ssr")]
mod queries_stock;
#[cfg(feature = "ssr")]
mod queries_stock_groups;
#[cfg(feature = "ssr")]
mod queries_targets;
#[cfg(feature = "ssr")]
mod queries_uploads;
#[cfg(feature = "ssr")]
mod reads;
#[cfg(feature = "ssr")]
mod refusal;
#[cfg(feature = "ssr")]
mod release_requests;
#[cfg(feature = "ssr")]
mod sets;
#[cfg(feature = "ssr")]
mod sets_plan;
#[cfg(feature = "ssr")]
mod sets_run;
#[cfg(feature = "ssr")]
mod sets_text;
#[cfg(feature = "ssr")]
mod settings;
#[cfg(feature = "ssr")]
mod setup;
#[cfg(feature = "ssr")]
mod setup_stock;
#[cfg(feature = "ssr")]
mod shown;
#[cfg(feature = "ssr")]
mod stock;
#[cfg(feature = "ssr")]
mod target_csv;
#[cfg(feature = "ssr")]
mod target_uploads;
#[cfg(feature = "ssr")]
mod targets;
#[cfg(feature = "ssr")]
mod telling;
#[cfg(feature = "ssr")]
mod timeline;
#[cfg(feature = "ssr")]
mod uploads;
#[cfg(feature = "ssr")]
mod words;

#[cfg(all(test, feature = "ssr"))]
mod tests;
#[cfg(all(test, feature = "ssr"))]
mod tests_inventory;
#[cfg(all(test, feature = "ssr"))]
mod tests_read;

pub use forms::Assign;
pub use forms::DropUpload;
pub use forms::RunUpload;
pub use forms::Unassign;
pub use forms_acts::ActOnNumber;
pub use forms_acts::DeletePlace;
pub use forms_acts::SavePlace;
pub use forms_acts::SaveQuarantine;
pub use forms_lists::PasteNumbers;
pub use forms_sets::CheckSet;
pub use forms_sets::DropSet;
pub use forms_sets::RunSet;
pub use forms_sets::UndoSet;
pub use forms_stock::AnswerRelease;
pub use forms_stock::DropTargets;
pub use forms_stock::RunTargets;
pub use forms_stock::SetThreshold;
pub use islands_sets::SetProgress;

#[cfg(feature = "ssr")]
mod door {
    pub use super::actions::AssignIn;
    pub use super::actions::assign;
    pub use super::actions::refuse;
    pub use super::actions::unassign;
    pub use super::acts::Act;
    pub use super::acts::Asked;
    pub use super::acts::Judged;
    pub use super::acts::act;
    pub use super::acts::judge;
    pub use super::acts::write;
    pub use super::api::api;
    pub use super::api_acts::api_acts;
    pub use super::api_read::api_read;
    pub use super::api_wire::AssignedOut;
    pub use super::api_wire::FailureOut;
    pub use super::api_wire::TenantNumberOut;
    pub use super::assignment_import::AssignmentIn;
    pub use super::assignment_import::AssignmentsPut;
    pub use super::assignment_import::take_over;
    pub use super::download::portal_routes;
    pub use super::imports::Imported;
    pub use super::imports::import_assignments;
    pub use super::imports::import_numbers;
    pub use super::imports::import_targets;
    pub use super::jobs::CONFIRM;
    pub use super::jobs::ORDERS;
    pub use super::jobs::confirm;
    pub use super::jobs::run_orders;
    pub use super::jobs_sets::SETS;
    pub use super::jobs_sets::run_sets;
    pub use super::jobs_snapshots::SNAPSHOTS;
    pub use super::jobs_snapshots::tell_anew;
    pub use super::model::Assigned;
    pub use super::model::Facts;
    pub use super::model::Fault;
    pub use super::model::Number;
    pub use super::model::Quarantine;
    pub use super::model::Step;
    pub use super::model::Target;
    pub use super::model::Wish;
    pub use super::numbering::country;
    pub use super::numbering::kind;
    pub use super::numbering::listed;
    pub use super::numbering::warm;
    pub use super::order_csv::COLUMNS as CSV_COLUMNS;
    pub use super::order_csv::read_csv;
    pub use super::order_rows::LocationIn;
    pub use super::order_rows::NumberIn;
    pub use super::orders::Checked;
    pub use super::orders::Order;
    pub use super::orders::OrderRow;
    pub use super::orders::change;
    pub use super::orders::find_order;
    pub use super::orders::precheck;
    pub use super::orders::provision;
    pub use super::orders::recent_orders;
    pub use super::orders::release;
    pub use super::orders::rows_of_order;
    pub use super::pages_assign::assign_page;
    pub use super::pages_list::numbers_page;
    pub use super::pages_number::number_page;
    pub use super::pages_operator::operator_number_page;
    pub use super::pages_operator_list::operator_numbers_page;
    pub use super::pages_orders::order_page;
    pub use super::pages_orders::orders_page;
    pub use super::pages_people::targets_page;
    pub use super::pages_places::new_place_page;
    pub use super::pages_places::place_page;
    pub use super::pages_places::places_page;
    pub use super::pages_release::release_requests_page;
    pub use super::pages_sets::change_sets_page;
    pub use super::pages_sets_new::new_change_set_page;
    pub use super::pages_sets_one::change_set_page;
    pub use super::pages_settings::settings_page;
    pub use super::pages_stock::operator_stock_page;
    pub use super::pages_stock::tenant_stock_page;
    pub use super::pages_target::target_page;
    pub use super::pages_target_upload::target_check_page;
    pub use super::pages_target_upload::target_upload_page;
    pub use super::pages_unassign::unassign_page;
    pub use super::pages_upload::upload_check_page;
    pub use super::pages_upload::upload_page;
    pub use super::queries_people::held_by_left;
    pub use super::queries_sets::ChangeSet;
    pub use super::queries_sets_rows::SetRow;
    pub use super::queries_stock::StockCount;
    pub use super::queries_stock::stock_of_operator;
    pub use super::queries_stock::stock_of_tenant;
    pub use super::refusal::Refusal;
    pub use super::release_requests::waiting as release_requests_waiting;
    pub use super::sets::NewChangeSet;
    pub use super::sets::Rows as SetRows;
    pub(super) use super::settings::quarantine_days;
    pub use super::setup::SeedAssignment;
    pub use super::setup::SeedNumber;
    pub use super::setup::seed_holding;
    pub use super::setup::seed_numbers;
    pub use super::setup::seed_targets;
    pub use super::setup_stock::StockAssignment;
    pub use super::setup_stock::StockChange;
    pub use super::setup_stock::StockHolding;
    pub use super::setup_stock::StockLocation;
    pub use super::setup_stock::StockNumber;
    pub use super::setup_stock::StockReservation;
    pub use super::setup_stock::StockRows;
    pub use super::setup_stock::StockTag;
    pub use super::setup_stock::StockTarget;
    pub use super::setup_stock::write_stock;
    pub use super::stock::low_groups as low_stock_groups;
    pub use super::targets::AssignmentOut;
    pub use super::targets::TargetFilter;
    pub use super::targets::TargetIn;
    pub use super::targets::TargetRow;
    pub use super::targets::TargetsPut;
    pub use super::targets::assignments;
    pub use super::targets::put_targets;
    pub use super::targets::target_cursor;
    pub use super::targets::targets;
    pub use super::telling::event_shapes;
    pub use super::words::ActivationState;
    pub use super::words::AssignmentStatus;
    pub use super::words::Capability;
    pub use super::words::Category;
    pub use super::words::EmergencyMode;
    pub use super::words::Kind;
    pub use super::words::OrderKind;
    pub use super::words::Source;
    pub use super::words::TargetKind;
    pub use super::words::Usage;
}
#[cfg(feature = "ssr")]
pub use door::*;
