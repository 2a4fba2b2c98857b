//! Every renderer on records made by hand.

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
