"""The containers that an input may have: media only. Pure.

Without this list ffmpeg would decode a text file as the video of a terminal, and would open every file and address that
an uploaded playlist names.
"""

CONTAINERS = (
    "aac,ac3,aiff,asf,avi,dv,eac3,flac,flv,gif,h264,hevc,ivf,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mp3,mpeg,mpegts,mpegvideo,mxf,ogg,wav"
)
