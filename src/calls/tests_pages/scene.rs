//! Two customers of one operator and what is known of their calls.

use super::*;

/// An outside party's number, and as a German tenant sees it.
pub const FULL: &str = "+442079460123";
pub const MASKED: &str = "+442079460***";
/// Calls with a story of their own.
pub const CUT: u128 = 201;
pub const HIDDEN_BY_PLATFORM: u128 = 202;
pub const HIDDEN_BY_OPERATOR: u128 = 203;
pub const WITHHELD: u128 = 204;

/// 2026-11-23, noon: the present of these tests.
pub fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780) + TimeDelta::hours(12)
}

pub fn call_id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub struct Scene {
    pub store: Store,
    pub kestrel: TenantId,
    pub heron: TenantId,
    pub norvik: OperatorId,
    pub albion: OperatorId,
}

impl Scene {
    pub fn ctx(&self, org: Org) -> Ctx {
        Ctx {
            actor: Actor::Account { id: AccountId(Uuid::from_u128(7)), label: "Mara Lindner".to_owned() },
            org,
            scopes: Scope::ALL.iter().copied().collect(),
            request_id: "test".to_owned(),
            address: None,
            env: self.store.env.clone(),
        }
    }

    /// A request of somebody with this role.
    pub fn request(&self, org: Org, role: Role, id: &str, query: &str) -> PageRequest {
        let (kind, slug) =
            if org == Org::Operator(self.norvik) { (OrgKind::Operator, "norvik") } else { (OrgKind::Tenant, "kestrel") };
        let membership = Membership { org, kind, org_slug: slug.to_owned(), org_name: slug.to_owned(), role };
        let signed = Signed {
            account: AccountId(Uuid::from_u128(7)),
            name: "Mara Lindner".to_owned(),
            email: "mara@kestrel.example".to_owned(),
            language: None,
            time_zone: Some(Berlin),
            theme: Theme::default(),
            memberships: vec![membership],
            session: String::new(),
        };
        PageRequest {
            store: self.store.clone(),
            ctx: Some(self.ctx(org)),
            signed: Some(Arc::new(signed)),
            params: [("slug", slug), ("id", id)].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            query: Query::parse(query),
            flash: None,
            path: String::new(),
        }
    }

    pub async fn call_page(&self, org: Org, role: Role, n: u128) -> Result<Page, Failure> {
        let req = self.request(org, role, &call_id(n).to_string(), "");
        if matches!(org, Org::Operator(_)) { operator_call_page(req).await } else { tenant_call_page(req).await }
    }

    /// The whole file.
    pub async fn file(&self, org: Org, sight: Sight, query: &str) -> String {
        let kind = if matches!(org, Org::Operator(_)) { OrgKind::Operator } else { OrgKind::Tenant };
        let mut reader =
            pages_export::Reader { store: self.store.clone(), ctx: self.ctx(org), kind, sight, next: Some(ask(query)) };
        let mut text = pages_export::heading(kind);
        while let Some(piece) = pages_export::piece(&mut reader).await.expect("a piece") {
            text.push_str(&piece);
        }
        text
    }

    /// The register's entries of one channel, by tenant and classes.
    pub async fn register(&self, channel: &str) -> Vec<(Uuid, String, usize)> {
        let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(
            "select tenant_id, array_to_string(classes, ','), sum(records)::bigint from transfer where channel = $1
             group by 1, 2 order by 1, 2",
        )
        .bind(channel)
        .fetch_all(self.store.pool())
        .await
        .expect("the register");
        rows.into_iter().map(|(tenant, classes, n)| (tenant, classes, usize::try_from(n).expect("a count"))).collect()
    }

    pub async fn log(&self, action: &str) -> i64 {
        let sql = "select count(*) from audit_event where action = $1";
        sqlx::query_scalar(sql).bind(action).fetch_one(self.store.pool()).await.expect("the log")
    }

    pub async fn suspend(&self, tenant: TenantId) {
        let sql = "update gate set open = false, reason = 'suspended' where tenant_id = $1";
        sqlx::query(sql).bind(tenant.0).execute(self.store.pool()).await.expect("suspended");
    }

    pub async fn any_call(&self, tenant: TenantId) -> Uuid {
        let sql = "select id from call_record where tenant_id = $1 and withheld is null limit 1";
        sqlx::query_scalar(sql).bind(tenant.0).fetch_one(self.store.pool()).await.expect("a call")
    }

    /// One more answered call of the first tenant; times and the last value are SQL.
    pub async fn call(&self, at: &str, id: u128, quality: &str, withheld: &str) {
        let sql = format!(
            "insert into call_record (tenant_id, call_id, leg_id, invited_at, id, operator_id, version, content, completeness, direction,
                 e164, caller, callee, country, answered_at, ended_at, ring_ms, talk_ms, sip_code, q850_cause, ended_by, quality,
                 withheld, batch_id, batch_row, received_at)
             values ($1, 'one-{id}', '1', {at}, $2, $3, 1, '\\x00', 'final', 'inbound', '+493023125001', '{FULL}', '+493023125001',
                 'DE', {at}, {at}, 0, 0, 200, 16, 'caller', $4, {withheld}, $2, 1, {at})"
        );
        let mut tx = self.store.begin_job().await.expect("a transaction");
        let call = sqlx::query(&sql).bind(self.kestrel.0).bind(call_id(id)).bind(self.norvik.0).bind(quality);
        call.execute(&mut *tx).await.expect("a call");
        tx.commit().await.expect("committed");
    }

    async fn run(&self, sql: &str) {
        let sql = sql
            .replace("{kestrel}", &self.kestrel.to_string())
            .replace("{heron}", &self.heron.to_string())
            .replace("{norvik}", &self.norvik.to_string())
            .replace("{albion}", &self.albion.to_string())
            .replace("{full}", FULL)
            .replace("{now}", &now().to_rfc3339());
        let mut tx = self.store.begin_job().await.expect("a transaction");
        sqlx::raw_sql(&sql).execute(&mut *tx).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
        tx.commit().await.expect("committed");
    }
}

/// Calls `from` to `to`: two of one moment each, by turns in and out, with every kind of end.
fn many(tenant: &str, operator: &str, country: &str, number: &str, from: u32, to: u32) -> String {
    format!(
        "insert into call_record (tenant_id, call_id, leg_id, invited_at, id, operator_id, version, content, completeness, direction,
             e164, caller, callee, country, ringing_at, answered_at, ended_at, ring_ms, talk_ms, sip_code, q850_cause, ended_by,
             quality, batch_id, batch_row, received_at)
         select '{tenant}', 'call-' || i, '1', at, ('00000000-0000-0000-0000-' || lpad(to_hex(i), 12, '0'))::uuid, '{operator}', 1,
             '\\x00', 'final', case when i % 2 = 0 then 'inbound' else 'outbound' end, e164,
             case when i % 2 = 0 then '{{full}}' else e164 end, case when i % 2 = 0 then e164 else '{{full}}' end, '{country}',
             case when i % 5 <> 4 then at + interval '2 s' end, case when i % 3 = 0 then at + interval '6 s' end,
             at + interval '20 s', case when i % 5 <> 4 then 4000 end, case when i % 3 = 0 then 14000 * (i % 2) end,
             case when i % 3 = 0 then 200 else (array[486, 603, 480, 503, 404, 487])[1 + i / 3 % 6] end,
             case when i % 7 = 0 then 16 end, case when i % 4 = 0 then 'operator' end,
             case when i % 9 = 0 then 'poor' when i % 3 = 0 then 'good' else 'unclassified' end,
             '00000000-0000-0000-0000-0000000000ff', i, at
         from (select i, '{{now}}'::timestamptz - interval '1 hour' * (i / 2) as at, '{number}' || (1 + i % 4) as e164
               from generate_series({from}, {to}) as i) as made;"
    )
}

const STORIES: &str = "
insert into call_record (tenant_id, call_id, leg_id, invited_at, id, operator_id, version, content, completeness, direction, e164,
    caller, callee, caller_withheld, country, ringing_at, answered_at, ended_at, ring_ms, talk_ms, sip_code, q850_cause, ended_by,
    quality, batch_id, batch_row, received_at, sip_call_id, operator_ref, withheld, sip_phrase, network_name, codec, tenant_mismatch,
    signalling)
select '{kestrel}', 'story-' || n, '1', at, ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, '{norvik}', 2, '\\x00',
    'final', 'inbound', '+493023125001', '{full}', '+493023125001', n = 202, 'DE', at + interval '412 ms',
    at + interval '6612 ms', at + interval '259012 ms', 6200, 252400, case when n = 201 then 503 else 200 end,
    case when n = 201 then 41 else 16 end, case when n = 201 then 'operator' else 'caller' end, 'good', 
    '00000000-0000-0000-0000-0000000000ff', n, at, 'sip-' || n, 'NVK-' || n, case when n = 204 then 'suspended' end, 'Unavailable',
    'Berlin HQ', 'PCMA', n = 205,
    jsonb_build_array(jsonb_build_object('at', '2026-11-22T12:00:00.000Z', 'side', 'operator', 'method', 'INVITE'),
        jsonb_build_object('at', 'nonsense'), jsonb_build_object('at', '2026-11-22T12:00:00.412Z', 'side', 'platform', 'code', 180))
from (select n, '{now}'::timestamptz - interval '1 day' as at from generate_series(201, 205) as n) as made;
insert into stream (tenant_id, call_id, leg_id, invited_at, n, operator_id, direction, side, packets, jitter_ms_avg, jitter_ms_max,
    loss_ratio_avg, rtt_ms_avg, mos, mos_kind, mos_computed, r_computed, quality)
select '{kestrel}', 'story-201', '1', '{now}'::timestamptz - interval '1 day', n, '{norvik}',
    case when n = 1 then 'sent' else 'received' end, case when n = 3 then 'platform' else 'operator' end, 12604, 9.5, 19, 0.001, 48,
    case when n = 1 then 4.1 end, case when n = 1 then 'lqe' end, 4.32, 90.1, 'good' from generate_series(1, 3) as n;
insert into call_personal (tenant_id, call_id, leg_id, invited_at, client_ip, client_os, user_agent)
values ('{kestrel}', 'story-201', '1', '{now}'::timestamptz - interval '1 day', '192.0.2.81', 'Windows', 'Desk client');
insert into duration_record (tenant_id, operator_id, ref, e164, at, id, version, withdrawn, content, operator_ref,
    other_party_withheld, direction, answered_at, duration_ms, includes_ring, rounding_initial_s, rounding_increment_s, rounding_mode,
    batch_id, batch_row, received_at)
select '{kestrel}', '{norvik}', 'r:NVK-203', '+493023125001', at, '00000000-0000-0000-0000-0000000000fe', 1, false, '\\x00', 'NVK-203',
    true, 'inbound', at, 253000, false, 1, 1, 'up', '00000000-0000-0000-0000-0000000000fe', 1, at
from (select '{now}'::timestamptz - interval '1 day' + interval '6 s' as at) as made;
insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq, ended_at)
values ('{kestrel}', '+493023125001', gen_random_uuid(), 'u1', 'user', 'Aylin Demir', 'primary', '{now}'::timestamptz - interval '9 day',
    1, '{now}'::timestamptz - interval '2 hours'),
    ('{kestrel}', '+493023125001', gen_random_uuid(), 'u2', 'user', 'Jonas Reuter', 'primary', '{now}'::timestamptz - interval '2 hours',
    2, null);
insert into holding (tenant_id, e164, held_from, operator_id)
values ('{kestrel}', '+493023125001', '{now}'::timestamptz - interval '90 day', '{norvik}');
";

/// 103 calls the first tenant can see: 89 with one operator, 10 with another, three with a story, and one whose end fell into a
/// suspension, which its operator never sees. One more is of a number that was another's then: only the operator sees it. The
/// second tenant has 40. So the first operator sees 89 + 40 + 3 + 1.
pub async fn scene(pool: PgPool) -> Scene {
    let env = Env::fixed(now(), 5);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    let tenant = async |slug: &'static str, country: &'static str, time_zone: &'static str| {
        let sip_domain = &format!("{slug}.sip.example");
        let new = identity::NewTenant { slug, name: slug, country, time_zone, sip_domain, quarantine_days: 30 };
        identity::create_tenant(&store, new).await.expect("a tenant")
    };
    let operator = async |slug: &'static str, name: &'static str| {
        let new =
            identity::NewOperator { slug, name, time_zone: "Europe/Berlin", countries: &["DE"], services: &[], website: None };
        identity::create_operator(&store, new).await.expect("an operator")
    };
    let kestrel = tenant("kestrel", "DE", "Europe/Berlin").await;
    let heron = tenant("heron", "GB", "Europe/London").await;
    let norvik = operator("norvik", "Norvik Telekom").await;
    let albion = operator("albion", "Albion Voice").await;
    let scene = Scene { store: store.clone(), kestrel, heron, norvik, albion };
    scene
        .run(
            "insert into gate (tenant_id, operator_id, country, class, open, consent_id, notice_version, reason, changed_at)
             values ('{kestrel}', '{norvik}', 'DE', 'calls', true, '00000000-0000-0000-0000-000000000009', '3', null, '{now}'),
                    ('{kestrel}', '{norvik}', 'DE', 'quality', true, '00000000-0000-0000-0000-000000000009', '3', null, '{now}'),
                    ('{heron}', '{norvik}', 'GB', 'calls', true, '00000000-0000-0000-0000-000000000008', '3', null, '{now}'),
                    ('{heron}', '{norvik}', 'GB', 'quality', false, '00000000-0000-0000-0000-000000000008', '3', 'not_granted', '{now}'),
                    ('{kestrel}', '{albion}', 'DE', 'calls', true, '00000000-0000-0000-0000-000000000007', '3', null, '{now}')",
        )
        .await;
    scene.run(&many("{kestrel}", "{norvik}", "DE", "+49302312500", 1, 89)).await;
    scene.run(&many("{kestrel}", "{albion}", "DE", "+49302312500", 90, 99)).await;
    scene.run(&many("{heron}", "{norvik}", "GB", "+44113496000", 1_000, 1_039)).await;
    scene.run(STORIES).await;
    scene
}

pub async fn drawn<F: Future<Output = Result<Page, Failure>>>(lang: Lang, page: impl FnOnce() -> F) -> String {
    let owner = Owner::new();
    let made = owner.with(|| {
        provide_context(Viewer { lang, now: now(), time_zone: Berlin, ..Viewer::default() });
        ScopedFuture::new(page())
    });
    let page = made.await.expect("a page");
    owner.with(|| page.body.to_html())
}
