@echo off
node "%~dp0treadle" %*
