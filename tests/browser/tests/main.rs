//! What the report promises, tried in Chromium. Each promise is a file.

mod accessible;
mod captions;
mod cards;
mod controls;
mod listed;
mod live;
mod offline;
mod plain;
mod room;
mod shared;
mod values;
