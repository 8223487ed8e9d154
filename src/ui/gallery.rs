//! Every part of the kit in every tone and state, for eyes and for the accessibility check. Debug builds only, so its sample
//! texts are plain.

use super::ActionButton;
use super::Badge;
use super::Band;
use super::Button;
use super::ButtonLink;
use super::Card;
use super::Checkbox;
use super::Choice;
use super::Cols;
use super::Copy;
use super::Count;
use super::Crumb;
use super::Dash;
use super::Figure;
use super::FileInput;
use super::Grid;
use super::Icon;
use super::Kind;
use super::Kv;
use super::KvRow;
use super::Menu;
use super::MenuLink;
use super::Opt;
use super::PageHead;
use super::Select;
use super::Size;
use super::Tag;
use super::Tel;
use super::TextInput;
use super::Textarea;
use super::Time;
use super::TimeStyle;
use super::Tone;
use super::Verdict;
use super::bytes;
use super::decimal;
use super::gallery_lists::bars;
use super::gallery_lists::empties;
use super::gallery_lists::facts;
use super::gallery_lists::list;
use super::gallery_lists::machine_text;
use super::gallery_lists::navigation;
use super::gallery_lists::strips;
use super::gallery_lists::tiles;
use super::gallery_lists::timeline;
use super::gallery_lists::toasts;
use super::gallery_lists::waiting;
use super::gallery_quality::shares;
use super::millis;
use super::percent;
use super::signed;
use super::viewer;
use chrono::Duration;
use leptos::prelude::*;

/// The gallery page; the app routes it at `/dev/ui`, inside of [`Shell`].
#[component]
pub fn Gallery() -> impl IntoView {
    view! {
        <PageHead
            title="Components"
            purpose="Every part of the language, in every tone and state."
            crumbs=vec![Crumb::link("#", "Development"), Crumb::here("Components")]
        >
            <ButtonLink href="#">"Secondary"</ButtonLink>
            <ButtonLink href="#" kind=Kind::Primary icon=Icon::Plus>"Primary"</ButtonLink>
        </PageHead>
        {buttons()}
        {badges()}
        {figures()}
        <Grid cols=Cols::Two>{fields()}{choices()}</Grid>
        {bands()}
        <Grid cols=Cols::Two>{toasts()}{waiting()}</Grid>
        {navigation()}
        {list()}
        <Grid cols=Cols::Three>{empties()}</Grid>
        <Grid cols=Cols::Two>{facts()}{timeline()}</Grid>
        {tiles()}
        {bars()}
        <Grid cols=Cols::Two>{strips()}{machine_text()}</Grid>
        {shares()}
    }
}

fn buttons() -> AnyView {
    view! {
        <Card title="Buttons">
            <div class="cluster">
                <Button kind=Kind::Primary>"Primary"</Button>
                <Button>"Secondary"</Button>
                <Button kind=Kind::Quiet>"Quiet"</Button>
                <Button kind=Kind::Danger>"Danger…"</Button>
                <Button icon=Icon::Download>"With icon"</Button>
                <ButtonLink href="#">"As a link"</ButtonLink>
                <ActionButton action="#" icon=Icon::Send label="As a form, sample">"As a form"</ActionButton>
            </div>
            <div class="cluster">
                <Button size=Size::Small kind=Kind::Primary>"Primary"</Button>
                <Button size=Size::Small>"Secondary"</Button>
                <Button size=Size::Small kind=Kind::Quiet>"Quiet"</Button>
                <Button size=Size::Small kind=Kind::Danger>"Danger…"</Button>
            </div>
            <Button kind=Kind::Primary blocked="Opens when no difference is open. 284 are.">"Sign off"</Button>
            <div class="cluster">
                <Menu label="Actions" button=true>
                    <MenuLink href="#" label="Move to someone else" />
                    <MenuLink href="#" label="Change usage" note="2" current=true />
                    <hr />
                    <MenuLink href="#" label="Unassign…" />
                </Menu>
                <Menu label="More" align_end=true>
                    <MenuLink href="#" label="One" />
                </Menu>
            </div>
            <Button size=Size::Wide>"Wide"</Button>
        </Card>
    }
    .into_any()
}

fn badges() -> AnyView {
    let words = ["Activated", "9 h late", "Refused", "New text", "Assignment pending", "Free"];
    let row = move |fill: bool| {
        Tone::ALL.into_iter().zip(words).map(|(tone, text)| view! { <Badge tone=tone text=text fill=fill /> }).collect_view()
    };
    let icons = Icon::ALL.map(|icon| view! { <span title=format!("{icon:?}")>{icon.view()}</span> }).collect_view();
    view! {
        <Card title="Badges: shape, word and colour">
            <div class="cluster" data-gap="wide">{row(false)}</div>
            <div class="cluster">{row(true)}</div>
            <div class="cluster">
                <Tag text="berlin-hq" />
                <Tag text="vip" />
                <Count n=12 />
                <Count n=3 tone=Tone::Warn />
                <Count n=7 tone=Tone::Danger />
                <kbd>"j"</kbd>
            </div>
            <div class="cluster">{icons}</div>
        </Card>
    }
    .into_any()
}

fn figures() -> AnyView {
    let v = viewer();
    view! {
        <Card title="Figures, times and numbers">
            <Kv>
                <KvRow label="Numbers">
                    <div class="cluster" data-gap="wide">
                        <Tel e164="+493023125014" />
                        <Tel e164="+442079460***" />
                        <Tel e164="+12025550143" />
                        <Tel e164="+80012345678" />
                    </div>
                </KvRow>
                <KvRow label="Today"><Time at=v.now /></KvRow>
                <KvRow label="This year"><Time at=v.now - Duration::days(5) style=TimeStyle::Minute zone=true /></KvRow>
                <KvRow label="Earlier"><Time at=v.now - Duration::days(400) /></KvRow>
                <KvRow label="In full"><Time at=v.now style=TimeStyle::Full /></KvRow>
                <KvRow label="Counts">{v.count(1_234_567)}", "{signed(v.lang, -3_118)}", "{decimal(v.lang, 0.037, 3)}</KvRow>
                <KvRow label="Units">
                    <Figure value="1.2" unit="s" />", "{percent(v.lang, 0.018, 1)}", "{bytes(v.lang, 1_200_000)}", "
                    {v.span(252_400)}", "{millis(v.lang, 1_204)}
                </KvRow>
                <KvRow label="Nothing"><Dash /></KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

fn fields() -> AnyView {
    let operators = || vec![Opt::new("a", "Norvik Telekom"), Opt::new("b", "Albion Voice"), Opt::new("c", "Closed").disabled(true)];
    view! {
        <Card title="Form fields">
            <form class="fields" action="#" method="get">
                <TextInput
                    name="c1"
                    label="Text"
                    value="Kestrel Logistik GmbH"
                    hint="A hint says what it is for, not what it is."
                    required=true
                />
                <TextInput
                    name="c2"
                    label="With an error"
                    value="+49 30 23125 0100"
                    hint="Written with + and the country code."
                    error="One digit too many: 11 after +49, this block has 10. Remove the last one?"
                />
                <TextInput name="c3" label="Read only" value="kestrel.sip.example" hint="Set by the platform." readonly=true />
                <TextInput name="c4" label="Disabled" value="kestrel.sip.example" disabled=true />
                <TextInput name="c5" label="Code" value="40816" code=true inputmode="numeric" maxlength="6" />
                <Select name="c6" label="Choice" options=operators() value="b" />
                <Select name="c7" label="Choice with an error" options=operators() any="Pick one" error="Pick an operator." />
                <FileInput name="c8" label="File (CSV, up to 1,000 rows)" accept=".csv" hint="Columns: e164, usage." />
                <Textarea name="c9" label="Long text" placeholder="One number per line" mono=true error="Line 3 is no number." />
                <Checkbox name="c10" label="Tell Nora by e-mail" hint="The number and how to set up voicemail" checked=true />
                <Checkbox name="c11" label="I have read it" error="Tick this to go on." />
                <Checkbox name="c12" label="Fixed by law" disabled=true />
            </form>
        </Card>
    }
    .into_any()
}

fn choices() -> AnyView {
    let answers = || {
        vec![
            Opt::new("all", "Send all that waited").hint("318 notices, about 40 s"),
            Opt::new("skip", "Skip to now").hint("You can recover the 318 later"),
            Opt::new("drop", "Throw away").hint("Not possible: notices are kept 30 days").disabled(true),
        ]
    };
    view! {
        <Card title="Choices, copy fields, checks" foot=view! { <Button>"Save"</Button><span class="fine">"A remark."</span> }.into_any()>
            <form class="stack" data-gap="tight" action="#" method="get">
                <Choice name="k1" legend="Pick one" options=answers() value="all" />
                <Choice name="k2" legend="With an error" options=answers() error="Pick one of the first two." />
            </form>
            <Copy label="SIP URI" value="sip:+493023125014@kestrel.sip.example;user=phone" />
            <Copy label="number" value="+493023125014" tel=true inline=true />
            <div>
                <Verdict badge=view! { <Badge tone=Tone::Ok text="Fine" /> }.into_any() title="Licence">
                    "Nora Krahmer has a phone licence"
                </Verdict>
                <Verdict badge=view! { <Badge tone=Tone::Danger text="Refused" /> }.into_any() title="Country does not match">
                    "Change the usage location in your directory."
                </Verdict>
            </div>
        </Card>
    }
    .into_any()
}

fn bands() -> AnyView {
    view! {
        <section class="stack" data-gap="tight" aria-label="Alert bands">
            <Band tone=Tone::Ok title="The chain is whole" text="48,211 entries checked in 0.9 s." />
            <Band tone=Tone::Info title="New notice text" text="Version 4 adds emergency location.">
                <ButtonLink href="#" size=Size::Small>"Read"</ButtonLink>
            </Band>
            <Band tone=Tone::Pending title="Running" text="24 of 38 rows done. You can leave this page." />
            <Band tone=Tone::Warn title="Durations are 9 h late" text="That day shows the platform’s count, hatched." />
            <Band tone=Tone::Neutral title="Nothing to decide" text="A band without a judgement." />
            <Band tone=Tone::Danger title="Endpoint stopped after 12 failures" text="318 notices wait. Nothing is lost.">
                <ButtonLink href="#" size=Size::Small>"Look at failures"</ButtonLink>
                <Button size=Size::Small>"Resume"</Button>
            </Band>
        </section>
    }
    .into_any()
}
