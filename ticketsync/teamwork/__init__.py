"""The Teamwork side: a client for what we read and write there, its errors, and the marker that finds a task again."""

from ticketsync.teamwork.client import TeamworkClient
from ticketsync.teamwork.errors import (
    AnswerLost,
    Forbidden,
    NotAMember,
    NotFound,
    NotSent,
    NoTurn,
    Passing,
    Permanent,
    RateLimited,
    Refused,
    TeamworkError,
    Unauthorized,
    Unexpected,
    UnknownTaskList,
)
from ticketsync.teamwork.marker import has_marker, marked, marker_line, markers_in, unmarked
from ticketsync.teamwork.models import Comment, Person, Project, Task, TaskList, TaskPage, TimeLog

__all__ = [
    "AnswerLost",
    "Comment",
    "Forbidden",
    "NoTurn",
    "NotAMember",
    "NotFound",
    "NotSent",
    "Passing",
    "Permanent",
    "Person",
    "Project",
    "RateLimited",
    "Refused",
    "Task",
    "TaskList",
    "TaskPage",
    "TeamworkClient",
    "TeamworkError",
    "TimeLog",
    "Unauthorized",
    "Unexpected",
    "UnknownTaskList",
    "has_marker",
    "marked",
    "marker_line",
    "markers_in",
    "unmarked",
]
