//! Each test has a database of its own, which Postgres makes as a copy of `template1`. Where that has the schema already, no test
//! spends half a second on making it: `make test` prepares its throw-away cluster so.

use std::env;

use sqlx::Connection as _;
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;

#[tokio::test]
#[ignore = "changes the cluster of DATABASE_URL; before the others in `make test`"]
async fn databases_are_copied_with_the_schema_in_them() {
    let url = env::var("DATABASE_URL").expect("DATABASE_URL");
    let options = url.parse::<PgConnectOptions>().expect("an address").database("template1");
    let mut conn = PgConnection::connect_with(&options).await.expect("connected");
    sqlx::migrate!().run(&mut conn).await.expect("migrated");
    // While anybody is connected to it, it cannot be copied.
    conn.close().await.expect("closed");
}
