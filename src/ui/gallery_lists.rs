//! The second half of the gallery: messages, lists, details, strips.

use super::ActiveFilter;
use super::ActiveFilters;
use super::Badge;
use super::Bar;
use super::BarChart;
use super::ButtonLink;
use super::Card;
use super::ChipLinks;
use super::Code;
use super::Col;
use super::Dash;
use super::Disclosure;
use super::Empty;
use super::FilterBar;
use super::Fine;
use super::Icon;
use super::Kind;
use super::Kv;
use super::KvRow;
use super::List;
use super::ListHead;
use super::ListState;
use super::Meter;
use super::Opt;
use super::OrgMark;
use super::Outcome;
use super::Pager;
use super::Progress;
use super::Query;
use super::Select;
use super::Series;
use super::Size;
use super::Skeleton;
use super::Spark;
use super::StackedBar;
use super::Steps;
use super::SuccessStrip;
use super::Tab;
use super::Table;
use super::Tabs;
use super::Tel;
use super::Text;
use super::TextInput;
use super::Tile;
use super::Tiles;
use super::Timeline;
use super::TimelineItem;
use super::Toast;
use super::Toasts;
use super::Tone;
use super::viewer;
use chrono::Duration;
use leptos::prelude::*;

pub(super) fn toasts() -> AnyView {
    view! {
        <Card title="Toasts">
            <Toasts>
                <Toast tone=Tone::Ok title="Assigned." text="Norvik has been told.">
                    <a href="#">"Undo"</a>
                </Toast>
                <Toast tone=Tone::Danger title="Not saved." text="Somebody changed it 4 s ago." />
            </Toasts>
        </Card>
    }
    .into_any()
}

pub(super) fn waiting() -> AnyView {
    let steps = ["File", "Check", "Run", "Result"].map(Text::from).to_vec();
    view! {
        <Card title="Progress and waiting">
            <Progress label="Rows done" value=24 max=38 />
            <Meter label="Fill" value=88 max=100 text="88 % in use" />
            <Skeleton />
            <Steps items=steps current=1 />
        </Card>
    }
    .into_any()
}

pub(super) fn navigation() -> AnyView {
    let filter = ActiveFilter { label: "Country".into(), value: "Germany".into(), remove_href: "#".to_owned() };
    let tabs = vec![
        Tab::new("#", "All").count(370).current(true),
        Tab::new("#", "Assigned").count(289),
        Tab::new("#", "Free").count(60),
        Tab::new("#", "Without a count"),
    ];
    let chips = vec![("#".to_owned(), "This month".into(), true), ("#".to_owned(), "October".into(), false)];
    view! {
        <Card title="Tabs, chips, filters, pager">
            <Tabs label="Example tabs" items=tabs />
            <FilterBar
                action="#"
                label="Filter examples"
                keep=Query::parse("sort=number")
                more=view! { <TextInput name="from" label="From number" /> }.into_any()
            >
                <TextInput name="q" kind="search" label="Number, person or tag" grow=true />
                <Select name="operator" label="Operator" any="Any" options=vec![Opt::new("a", "Norvik Telekom")] />
                <TextInput name="pending" kind="number" label="Pending (minutes)" />
            </FilterBar>
            <ActiveFilters items=vec![filter] clear_href="#" />
            <ChipLinks label="Periods" items=chips />
            <Pager text="1 to 26 of 370" next="#" label="Example pages" />
        </Card>
    }
    .into_any()
}

pub(super) fn list() -> AnyView {
    let cols = || {
        vec![
            Col::new("Number").sort("number"),
            Col::new("Person").mid(),
            Col::new("State").sort("state"),
            Col::new("Minutes").num().low(),
        ]
    };
    let state = ListState { path: "#".to_owned(), query: Query::default(), default_sort: "number" };
    let foot = view! { <tr><th scope="row">"2 numbers"</th><td data-col="mid"></td><td></td><td class="num" data-col="low">"412"</td></tr> };
    view! {
        <List>
            <ListHead text="1 to 2 of 370 numbers, sorted by number">
                <ButtonLink href="#" kind=Kind::Quiet size=Size::Small icon=Icon::Download>"Export these 370"</ButtonLink>
            </ListHead>
            <Table label="Example numbers" cols=cols() state=state foot=foot.into_any()>
                <tr data-group=true><th scope="rowgroup" colspan="4">"Berlin"</th></tr>
                <tr>
                    <td><a class="row-link" href="#"><Tel e164="+493023125010" /></a></td>
                    <td data-col="mid">"Jonas Reuter"<span class="sub">"Dispatch"</span></td>
                    <td><Badge tone=Tone::Ok text="Activated" /></td>
                    <td class="num" data-col="low">"412"</td>
                </tr>
                <tr data-tone="danger">
                    <td><a class="row-link" href="#"><Tel e164="+494066969117" /></a></td>
                    <td data-col="mid"><Dash /></td>
                    <td><Badge tone=Tone::Danger text="Refused by operator" /></td>
                    <td class="num" data-col="low">"0"</td>
                </tr>
            </Table>
            <Pager text="50 of about 1,900" previous="#" next="#" by_time=true />
        </List>
    }
    .into_any()
}

pub(super) fn empties() -> AnyView {
    view! {
        <Card title="Nothing yet" flush=true>
            <Empty title="No durations yet" text="Your first batch is due tomorrow at 06:00 CET.">
                <ButtonLink href="#">"Download the template"</ButtonLink>
            </Empty>
        </Card>
        <Card title="Filter too narrow" flush=true>
            <Empty title="No call matches all 4 filters" text="Without “Poor” there would be 23." icon=Icon::Filter>
                <ButtonLink href="#">"Remove “Poor”"</ButtonLink>
            </Empty>
        </Card>
        <Card title="Not allowed" flush=true>
            <Empty title="Your role cannot see calls" text="Henrik Sandvik can change roles." icon=Icon::Lock />
        </Card>
    }
    .into_any()
}

pub(super) fn facts() -> AnyView {
    view! {
        <Card title="Key-value list" aside=view! { <span class="id">"ep_1"</span> }.into_any()>
            <Kv>
                <KvRow label="Operator">"Norvik Telekom"</KvRow>
                <KvRow label="City">"Berlin, Germany"</KvRow>
                <KvRow label="State"><Badge tone=Tone::Ok text="Activated" /></KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

pub(super) fn timeline() -> AnyView {
    let now = viewer().now;
    view! {
        <Card title="Timeline">
            <Timeline>
                <TimelineItem tone=Tone::Ok title="Activated" at=now>"Delivered on attempt 3 of 12"</TimelineItem>
                <TimelineItem tone=Tone::Warn icon=Icon::Refresh title="Trying again" at=now - Duration::seconds(40) />
                <TimelineItem tone=Tone::Pending icon=Icon::Send title="Assigned to Aylin Demir" at=now - Duration::days(5)>
                    "By Mara Lindner"
                </TimelineItem>
            </Timeline>
        </Card>
    }
    .into_any()
}

pub(super) fn tiles() -> AnyView {
    view! {
        <Tiles>
            <Tile label="Numbers" value="412" href="#"><span>"318 assigned"</span></Tile>
            <Tile label="Poor calls" value="1.8" unit="%"><Badge tone=Tone::Ok text="below 3 %" /></Tile>
            <Tile label="Difference" value="+1,278" unit="s" />
        </Tiles>
    }
    .into_any()
}

pub(super) fn strips() -> AnyView {
    let shape = [0.0, 1.0, 4.0, 9.0, 7.0, 5.0, 3.0, 6.0];
    let bars = move || shape.repeat(3).into_iter().map(Bar::from).collect::<Vec<_>>();
    let hours = || {
        (0..24_u64)
            .map(|hour| Outcome { ok: if hour == 7 { 0 } else { 40 + hour }, failed: u64::from(hour == 17) * 12 })
            .collect::<Vec<_>>()
    };
    view! {
        <Card title="Strips">
            <Spark title="Calls per hour, last 24 hours: 105 calls" bars=bars() />
            <Spark title="Calls per hour, last 24 hours, wide: 105 calls" bars=bars() wide=true />
            <SuccessStrip title="Notices per hour, last 24 hours: 12 failed at 17:00" hours=hours() />
            <SuccessStrip title="Notices per hour, last 24 hours, wide: 12 failed at 17:00" hours=hours() wide=true />
        </Card>
    }
    .into_any()
}

pub(super) fn bars() -> AnyView {
    let bars = (1..=14_u32)
        .map(|day| {
            let weekend = day % 7 > 4;
            let (first, second) = if weekend { (262.0, 222.0) } else { (2_000.0 + f64::from(day) * 20.0, 1_500.0) };
            let open = if day > 12 { first + second } else { 0.0 };
            StackedBar {
                label: day.to_string().into(),
                strong: !weekend,
                title: format!("{day} Nov: {:.0} minutes", first + second).into(),
                parts: if day > 12 { Vec::new() } else { vec![first, second, 34.0] },
                open,
                below: (day != 5 && day <= 12).then(|| f64::from(day) * 9.0 - 30.0),
            }
        })
        .collect();
    let legend = vec![
        (Series::First, "Inbound".into()),
        (Series::Second, "Outbound".into()),
        (Series::Third, "Conference".into()),
        (Series::Open, "Not final".into()),
        (Series::Below, "Difference".into()),
    ];
    view! {
        <Card title="Bars over days">
            <BarChart
                id="gallery-bars"
                title="Minutes per day"
                text="Working days carry about 3,500 minutes, weekends about 500."
                legend=legend
                bars=bars
                strip="Difference, seconds"
            >
                <Disclosure summary="Show the numbers as a table">"The same figures."</Disclosure>
            </BarChart>
        </Card>
    }
    .into_any()
}

pub(super) fn machine_text() -> AnyView {
    view! {
        <Card title="Text of machines">
            <Code label="Notice" json=true text="{\n  \"type\": \"number.assigned\",\n  \"seq\": 184338\n}" />
            <Disclosure summary="Show the request">
                <Code label="Request" text="POST /concord/numbers\nwebhook-id: evt_01hx7kd1" />
            </Disclosure>
            <p class="cluster"><OrgMark name="Rhôneline" large=true /><OrgMark name="Norvik" /></p>
            <Fine text="Fine print under a card’s content." />
        </Card>
    }
    .into_any()
}
