"""LightGBM 4 keeps what a Booster is loaded from, its text, as _handle, where earlier releases look
for handle; the text itself they read."""


@mend("lightgbm", "Booster", written=">=4.0", read="<4.0")
def text_as_it_was_named(it):
    it.rename("_handle", "handle")
