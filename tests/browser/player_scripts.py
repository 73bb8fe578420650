"""The scripts of the players, in the folders that npm installs."""

SCRIPTS = {"hls.js": "hls.js/dist/hls.min.js", "shaka.js": "shaka-player/dist/shaka-player.compiled.js"}
