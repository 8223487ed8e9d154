-- What an account keeps of its lists: filters, order and columns under a name.
create table saved_view (
  org_id uuid not null,
  account_id uuid not null,
  id uuid not null,
  page text not null constraint saved_view_page_ck check (page ~ '^[a-z][a-z-]{0,39}$'),
  name text not null constraint saved_view_name_ck check (length(name) between 1 and 60),
  query text not null constraint saved_view_query_ck check (length(query) <= 4000),
  columns text[] not null,
  is_default boolean not null default false,
  created_at timestamptz not null,
  constraint saved_view_pk primary key (org_id, account_id, id),
  constraint saved_view_name_uq unique (org_id, account_id, page, name)
);
alter table saved_view add constraint saved_view_account_fk foreign key (account_id) references account (id);
create unique index saved_view_default_uq on saved_view (org_id, account_id, page) where is_default;
comment on column saved_view.page is 'Which list: numbers, calls …';
comment on column saved_view.query is 'The list''s address after the question mark, without page and columns.';
comment on column saved_view.columns is 'The columns shown, in the list''s order; empty: the usual ones.';
call protect('saved_view', 'org_id', null);
create policy operator_axis on saved_view to concord_app
  using (org_id = nullif(current_setting('app.operator', true), '')::uuid);
grant select, insert, update, delete on saved_view to concord_app, concord_job;
