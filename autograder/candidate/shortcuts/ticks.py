"""Have matplotlib make an axis's ticks when something looks at them, not with the axes.

Its lists of ticks are lazy, but every new pair of axes fills all four at once, only to tell each tick that
its grid is off and where it is clipped: more than half of the time that axes take, and in vain where they
show an image. Here both are noted, and told to the ticks that come. Such a tick looks as it would have: it is
made with the settings that were in force when matplotlib would have made it.

A title, too, has every tick of the y axis laid out, to learn whether a multiplier is written above it. Where
there is none, the titles of images need no ticks either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
from matplotlib import artist, axis
from matplotlib.axes._base import _AxesBase

_LISTS = "majorTicks", "minorTicks"
_SETTINGS = "_settings_of_ticks"
_CLIPPED = "_clipped_by"


def make_ticks_when_needed(_: Any = None) -> None:
    """Change matplotlib so, if it is one that makes its ticks as described; for the rest of the process."""
    lazy: Any = getattr(axis, "_LazyTickList", None)
    if lazy is None or getattr(lazy.__get__, "is_ours", False):
        return
    lazy.__get__ = _realized(lazy.__get__)
    usual: Any = axis.Axis
    usual.set_clip_path = _clipping(usual.set_clip_path)
    usual.set_tick_params = _setting(usual.set_tick_params)
    usual.reset_ticks = _resetting(usual.reset_ticks)
    axes: Any = _AxesBase
    axes._update_title_position = _placing_titles(axes._update_title_position)
    upright: Any = axis.YAxis
    upright.get_tightbbox = _measuring(upright.get_tightbbox)


def _is_usual(of: Any) -> bool:
    """Whether it is no axis of another kind, such as polar axes have, whose ticks may do anything."""
    return type(of) in (axis.XAxis, axis.YAxis)


def _note_settings(of: Any) -> None:
    """Ticks would be made now: keep the settings that they would be made with."""
    if _SETTINGS in of.__dict__ or all(name in of.__dict__ for name in _LISTS):
        return
    settings = of.__dict__[_SETTINGS] = dict.copy(matplotlib.rcParams)
    for which in (1, 2):
        # As the first tick would: spines that nobody asks for have no place yet.
        transform = getattr(of.axes, f"get_{of.axis_name}axis_text{which}_transform", None)
        if transform is not None:
            transform(0.0)
    of.__dict__.setdefault(_SETTINGS, settings)


def _realized(original: Callable[..., Any]) -> Callable[..., Any]:
    def get(self: Any, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self
        then = instance.__dict__.get(_SETTINGS)
        if then is None or dict.__eq__(then, matplotlib.rcParams) is True:
            ticks = original(self, instance, owner)
        else:
            with matplotlib.rc_context():
                dict.update(matplotlib.rcParams, then)
                ticks = original(self, instance, owner)
        if _CLIPPED in instance.__dict__:
            for tick in ticks:
                tick.set_clip_path(*instance.__dict__[_CLIPPED])
        return ticks

    get.is_ours = True  # type: ignore[attr-defined]
    return get


def _clipping(original: Callable[..., None]) -> Callable[..., None]:
    def set_clip_path(self: Any, path: Any, transform: Any = None) -> None:
        if not _is_usual(self):
            return original(self, path, transform)
        artist.Artist.set_clip_path(self, path, transform)
        _note_settings(self)
        self.__dict__[_CLIPPED] = path, transform
        for name in _LISTS:
            for tick in self.__dict__.get(name, ()):
                tick.set_clip_path(path, transform)
        self.stale = True
        return None

    set_clip_path.__doc__ = original.__doc__
    return set_clip_path


def _setting(original: Callable[..., None]) -> Callable[..., None]:
    def set_tick_params(self: Any, which: str = "major", reset: bool = False, **kwargs: Any) -> None:
        if reset or not _is_usual(self):
            return original(self, which, reset, **kwargs)
        _note_settings(self)
        missing = [name for name in _LISTS if name not in self.__dict__]
        for name in missing:
            self.__dict__[name] = []  # nothing to be told; it would be made here otherwise
        try:
            return original(self, which, reset, **kwargs)
        finally:
            for name in missing:
                del self.__dict__[name]

    set_tick_params.__doc__ = original.__doc__
    return set_tick_params


def _resetting(original: Callable[..., None]) -> Callable[..., None]:
    def reset_ticks(self: Any) -> None:
        self.__dict__.pop(_SETTINGS, None)
        self.__dict__.pop(_CLIPPED, None)
        original(self)

    reset_ticks.__doc__ = original.__doc__
    return reset_ticks


_titles: list[Any] = []
"""Axes whose titles are being placed."""


def _placing_titles(original: Callable[..., None]) -> Callable[..., None]:
    def _update_title_position(self: Any, renderer: Any) -> None:
        _titles.append(self)
        try:
            original(self, renderer)
        finally:
            _titles.pop()

    return _update_title_position


def _measuring(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_tightbbox(self: Any, renderer: Any = None, **kwargs: Any) -> Any:
        if _titles and _is_usual(self) and self.get_visible() and not kwargs:
            # Nobody looks at the box, only at the text of the multiplier.
            formatter = self.major.formatter
            formatter.format_ticks(self.get_majorticklocs())
            if not formatter.get_offset():
                self.offsetText.set_text("")
                return None
        return original(self, renderer, **kwargs)

    get_tightbbox.__doc__ = original.__doc__
    return get_tightbbox
