"""Button texts that have proved to invite action, offered where a button is written."""

from __future__ import annotations

# What a Japanese visitor reads on the button, and what an English-speaking author may want to know about it.
BUTTON_TEXTS: tuple[tuple[str, str], ...] = (
    ("詳細こちら", "Details here"),
    ("お探しの方へ", "For those who are looking"),
    ("購入こちら", "Buy here"),
    ("今すぐ購入", "Buy now"),
    ("無料体験", "Try it for free"),
    ("送料無料", "Free shipping"),
    ("予約こちら", "Book here"),
    ("完全予約制", "By appointment only"),
    ("相談受付中", "Ask us for advice"),
    ("資料請求", "Request documents"),
    ("お見積り", "Ask for a quotation"),
    ("カートに入れる", "Put into the cart"),
    ("会員登録", "Become a member"),
    ("メルマガ登録", "Get the newsletter"),
    ("シェア", "Share"),
    ("試し読み", "Read a sample"),
    ("LINE友だち募集", "Be our friend on LINE"),
)
