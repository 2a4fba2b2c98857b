//! Every renderer on records made by hand.

mod browser;
#[path = "../common/browser.rs"]
mod browsers;
mod events;
mod fixture;
mod gate;
mod html;
mod markdown;
mod noise;
mod rescue;
mod script;
mod sink;
mod tables;
mod terminal;
#[path = "../common/terminal.rs"]
mod tried;
