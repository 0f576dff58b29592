"""Which addresses are videos."""

from __future__ import annotations

import pytest

from jouren.content.video import read_video_url

YOUTUBE = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1&rel=0"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://m.youtube.com/watch?t=3&v=dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ?si=abc",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
        " https://www.youtube.com/live/dQw4w9WgXcQ/ ",
    ],
)
def test_every_way_to_write_a_youtube_video_gives_the_player_without_cookies(url: str) -> None:
    video = read_video_url(url)
    assert video is not None
    assert (video.service, video.player) == ("YouTube", YOUTUBE)


@pytest.mark.parametrize(
    ("url", "player"),
    [
        ("https://vimeo.com/76979871", "https://player.vimeo.com/video/76979871?autoplay=1&dnt=1"),
        ("https://vimeo.com/76979871/abcdef12", "https://player.vimeo.com/video/76979871?autoplay=1&dnt=1&h=abcdef12"),
        (
            "https://player.vimeo.com/video/76979871?h=abcdef12",
            "https://player.vimeo.com/video/76979871?autoplay=1&dnt=1&h=abcdef12",
        ),
        ("https://vimeo.com/76979871?h=%22onload", "https://player.vimeo.com/video/76979871?autoplay=1&dnt=1"),
    ],
)
def test_vimeo_videos_keep_their_secret(url: str, player: str) -> None:
    video = read_video_url(url)
    assert video is not None
    assert video.player == player


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?v=short",
        "https://www.youtube.com/watch?v=dQw4w9WgXc%22",
        "https://www.youtube.com/@channel",
        "javascript:alert(1)//youtube.com/watch?v=dQw4w9WgXcQ",
        "https://vimeo.com/channels/staffpicks",
        "http://[broken",
    ],
)
def test_everything_else_is_no_video(url: str) -> None:
    assert read_video_url(url) is None
