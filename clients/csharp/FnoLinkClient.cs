using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace FnoLink
{
    /// <summary>
    /// Asks a deployed fno-link which Finance &amp; Operations environment a Dataverse organization is linked to. What it
    /// keeps, for how long, and when it asks again: docs/clients.md. Needs .NET Standard 2.0 and no package. One for the
    /// life of the process; safe for many threads.
    /// </summary>
    public sealed class LinkClient : IDisposable
    {
        private static readonly Regex Url = new Regex(@"\Ahttps://([a-z0-9-]+\.)+[a-z]{2,63}\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        private static readonly Regex Id = new Regex(@"\A[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

        // Why a link is unknown; what else keeps the app from answering is in the message.
        private static readonly HashSet<string> Reasons = new HashSet<string> { "Busy", "Forbidden", "Throttled", "Unauthenticated", "UnexpectedAnswer", "Unreachable" };

        private readonly string app;
        private readonly string key;
        private readonly Func<CancellationToken, Task<string>> token;
        private readonly TimeSpan keepFor;
        private readonly Func<DateTimeOffset> now;
        private readonly HttpClient http;
        private readonly Dictionary<string, Copy> copies = new Dictionary<string, Copy>();
        private readonly Dictionary<string, Task<Link>> flights = new Dictionary<string, Task<Link>>();
        private readonly CancellationTokenSource closing = new CancellationTokenSource();

        /// <param name="app">https://HOST of the function app; plain http only on this machine.</param>
        /// <param name="key">A function key of link, or null.</param>
        /// <param name="token">Instead of the key: says a bearer token each time, and keeps it itself for as long as it is good; or null.</param>
        /// <param name="keepFor">For how long after it was last confirmed a linked answer is served while there is no newer one; null: a day.</param>
        /// <param name="timeout">Of one request; null: ten seconds.</param>
        /// <param name="sender">What sends; it must not follow redirects, since the key would go along. Null: one of its own.</param>
        /// <param name="now">The time; null: the machine's.</param>
        public LinkClient(
            string app,
            string key = null,
            Func<CancellationToken, Task<string>> token = null,
            TimeSpan? keepFor = null,
            TimeSpan? timeout = null,
            HttpMessageHandler sender = null,
            Func<DateTimeOffset> now = null)
        {
            var uri = new Uri(app, UriKind.Absolute);
            if (uri.Scheme != "https" && !(uri.Scheme == "http" && uri.IsLoopback))
            {
                throw new ArgumentException("The app's URL must be https: the key must not travel in the clear.", nameof(app));
            }

            if (uri.UserInfo.Length + uri.Query.Length + uri.Fragment.Length > 0)
            {
                throw new ArgumentException("The app's URL is https://HOST.", nameof(app));
            }

            if (string.IsNullOrEmpty(key) == (token == null))
            {
                throw new ArgumentException("Give a function key, or a token of Entra.", nameof(key));
            }

            var whole = app.TrimEnd('/');
            this.app = whole.EndsWith("/api", StringComparison.Ordinal) ? whole.Substring(0, whole.Length - 4) : whole;
            this.key = key;
            this.token = token;
            this.keepFor = keepFor ?? TimeSpan.FromDays(1);
            this.now = now ?? (() => DateTimeOffset.UtcNow);
            this.http = new HttpClient(sender ?? new HttpClientHandler { AllowAutoRedirect = false }) { Timeout = timeout ?? TimeSpan.FromSeconds(10) };
        }

        /// <summary>Tells what an organization is linked to.</summary>
        /// <exception cref="LinkUnknownException">Nobody knows now; that is not "not linked".</exception>
        /// <exception cref="LinkRefusedException">The key or token does not do, or there is no organization of this name.</exception>
        /// <exception cref="ArgumentException">It cannot be a name.</exception>
        public Task<Link> ResolveAsync(string organization)
        {
            if (string.IsNullOrEmpty(organization) || organization == "." || organization == "..")
            {
                throw new ArgumentException("That is no name of an organization.", nameof(organization));
            }

            lock (this.copies)
            {
                if (this.closing.IsCancellationRequested)
                {
                    throw new ObjectDisposedException(nameof(LinkClient));
                }

                var at = this.now();
                if (this.copies.TryGetValue(organization, out var copy))
                {
                    if (copy.Link != null && at < copy.FreshUntil)
                    {
                        return Task.FromResult(copy.Link);
                    }

                    if (copy.Failure != null && at < copy.NotBefore)
                    {
                        var kept = copy.Stale(at);
                        return kept != null ? Task.FromResult(kept) : Task.FromException<Link>(copy.Failure.Again(copy.NotBefore - at));
                    }
                }

                if (!this.flights.TryGetValue(organization, out var flight))
                {
                    // Not on the caller's context: one that waits for the answer with .Result would wait for ever.
                    flight = Task.Run(() => this.AskAsync(organization));
                    this.flights[organization] = flight;
                }

                return flight;
            }
        }

        /// <summary>Ends what is under way, and closes the connections.</summary>
        public void Dispose()
        {
            lock (this.copies)
            {
                this.closing.Cancel();
            }

            this.http.Dispose();
        }

        private async Task<Link> AskAsync(string organization)
        {
            Copy copy;
            lock (this.copies)
            {
                this.copies.TryGetValue(organization, out copy);
            }

            copy = copy ?? new Copy();
            try
            {
                using (var request = await this.RequestAsync(organization, copy).ConfigureAwait(false))
                using (var response = await this.SendAsync(request).ConfigureAwait(false))
                {
                    var body = response.Content == null ? new byte[0] : await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
                    return this.Take(organization, copy, response, body);
                }
            }
            catch (LinkUnknownException error)
            {
                return this.Keep(organization, copy, error);
            }
            catch (LinkRefusedException)
            {
                // What the caller may no longer see, he is not shown.
                lock (this.copies)
                {
                    this.copies.Remove(organization);
                }

                throw;
            }
            finally
            {
                lock (this.copies)
                {
                    this.flights.Remove(organization);
                }
            }
        }

        private async Task<HttpRequestMessage> RequestAsync(string organization, Copy copy)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, this.app + (this.token == null ? "/api/organizations/" : "/api/entra/organizations/") + Uri.EscapeDataString(organization) + "/link");
            if (!string.IsNullOrEmpty(this.key))
            {
                request.Headers.Add("x-functions-key", this.key);
            }

            if (copy.Link != null && copy.Tag != null)
            {
                request.Headers.TryAddWithoutValidation("If-None-Match", copy.Tag);
            }

            if (this.token != null)
            {
                try
                {
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await this.token(this.closing.Token).ConfigureAwait(false));
                }
                catch (Exception error)
                {
                    request.Dispose();
                    throw new LinkUnknownException("Unauthenticated", "No token could be had.", 0, null, error);
                }
            }

            return request;
        }

        private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
        {
            try
            {
                return await this.http.SendAsync(request, HttpCompletionOption.ResponseContentRead, this.closing.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is HttpRequestException || error is OperationCanceledException || error is IOException || error is ObjectDisposedException)
            {
                throw new LinkUnknownException("Unreachable", this.app + " did not answer.", 0, null, error);
            }
        }

        private Link Take(string organization, Copy copy, HttpResponseMessage response, byte[] body)
        {
            var unchanged = response.StatusCode == HttpStatusCode.NotModified;
            var link = unchanged ? copy.Link : response.StatusCode == HttpStatusCode.OK ? Read<Link>(body) : null;
            if (link == null || !IsWhole(link))
            {
                throw Refusal(response, Read<Problem>(body) ?? new Problem());
            }

            IEnumerable<string> modified = null;
            if (unchanged && response.Content != null && response.Content.Headers.TryGetValues("Last-Modified", out modified)
                && DateTimeOffset.TryParse(modified.First(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var asked))
            {
                link = link.With(link.Stale, asked.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            }

            var at = this.now();
            var said = response.Headers.CacheControl ?? new CacheControlHeaderValue();
            var fresh = said.NoCache || said.NoStore ? TimeSpan.Zero : (said.MaxAge ?? TimeSpan.Zero) - (response.Headers.Age ?? TimeSpan.Zero);
            lock (this.copies)
            {
                this.copies.Remove(organization);
                if (!said.NoStore)
                {
                    this.copies[organization] = new Copy
                    {
                        Link = link,
                        Tag = response.Headers.TryGetValues("ETag", out var tags) ? tags.First() : unchanged ? copy.Tag : null,
                        FreshUntil = at + (fresh < this.keepFor ? fresh : this.keepFor),
                        UsableUntil = at + this.keepFor,
                    };
                }
            }

            return link;
        }

        private Link Keep(string organization, Copy copy, LinkUnknownException error)
        {
            var at = this.now();
            var kept = copy.Stale(at);
            var attempts = copy.Attempts + 1;
            var wait = error.RetryAfter ?? TimeSpan.FromSeconds(Math.Pow(2, Math.Min(attempts, 16)));
            lock (this.copies)
            {
                this.copies[organization] = new Copy
                {
                    // "Not linked" is not kept: it would be made out of "unknown".
                    Link = kept == null ? null : copy.Link,
                    Tag = copy.Tag,
                    UsableUntil = copy.UsableUntil,
                    Failure = error,
                    Attempts = attempts,
                    NotBefore = at + (wait < TimeSpan.FromMinutes(10) ? wait : TimeSpan.FromMinutes(10)),
                };
            }

            return kept ?? throw error;
        }

        private static Exception Refusal(HttpResponseMessage response, Problem problem)
        {
            var status = (int)response.StatusCode;
            var message = "The app answered " + status + ": " + (string.IsNullOrEmpty(problem.Code) ? "no reason given" : problem.Code + ": " + problem.Detail);
            if (status == 401 || status == 403 || (status == 404 && problem.Code == "UnknownOrganization"))
            {
                return new LinkRefusedException(status == 404 ? problem.Code : "AppRefused", message, status);
            }

            if (status < 500 && status != 429)
            {
                return new LinkUnknownException("UnexpectedAnswer", message, status, null, null);
            }

            var after = response.Headers.RetryAfter;
            var wait = after?.Delta ?? (after?.Date - DateTimeOffset.UtcNow);
            var least = TimeSpan.FromSeconds(1);
            return new LinkUnknownException(Reasons.Contains(problem.Code) ? problem.Code : "LinkUnknown", message, status, wait < least ? least : wait, null);
        }

        private static bool IsWhole(Link link)
        {
            return link.State == "linked"
                ? Url.IsMatch(link.Url ?? string.Empty) && Id.IsMatch(link.Id ?? string.Empty) && Id.IsMatch(link.TenantId ?? string.Empty) && link.CheckedAt != null
                : link.State == "not_linked" && link.Code != null && link.CheckedAt != null;
        }

        private static T Read<T>(byte[] body)
            where T : class
        {
            try
            {
                using (var stream = new MemoryStream(body))
                {
                    return (T)new DataContractJsonSerializer(typeof(T)).ReadObject(stream);
                }
            }
            catch (Exception error) when (error is SerializationException || error is FormatException || error is InvalidCastException)
            {
                return null; // not JSON, or another shape: the caller judges it
            }
        }

        private sealed class Copy
        {
            public Link Link;
            public string Tag;
            public DateTimeOffset FreshUntil;
            public DateTimeOffset UsableUntil;
            public LinkUnknownException Failure;
            public int Attempts;
            public DateTimeOffset NotBefore;

            public Link Stale(DateTimeOffset at)
            {
                return this.Link != null && this.Link.IsLinked && at < this.UsableUntil ? this.Link.With(true, this.Link.CheckedAt) : null;
            }
        }

        [DataContract]
        private sealed class Problem
        {
            [DataMember(Name = "code")]
            public string Code { get; set; }

            [DataMember(Name = "detail")]
            public string Detail { get; set; }
        }
    }

    /// <summary>A definite answer: linked, or not linked.</summary>
    [DataContract]
    public sealed class Link
    {
        public bool IsLinked => this.State == "linked";

        [DataMember(Name = "state")]
        public string State { get; private set; }

        [DataMember(Name = "url")]
        public string Url { get; private set; }

        [DataMember(Name = "tenantId")]
        public string TenantId { get; private set; }

        [DataMember(Name = "id")]
        public string Id { get; private set; }

        /// <summary>Only an environment that is trusted is sent tokens and orders.</summary>
        [DataMember(Name = "trusted")]
        public bool Trusted { get; private set; }

        /// <summary>A newer answer could not be had.</summary>
        [DataMember(Name = "stale")]
        public bool Stale { get; private set; }

        /// <summary>When Dataverse was asked, ISO 8601.</summary>
        [DataMember(Name = "checkedAt")]
        public string CheckedAt { get; private set; }

        /// <summary>Of "not linked": Dataverse's code.</summary>
        [DataMember(Name = "code")]
        public string Code { get; private set; }

        /// <summary>Of "not linked": Dataverse's words.</summary>
        [DataMember(Name = "message")]
        public string Message { get; private set; }

        internal Link With(bool stale, string checkedAt)
        {
            var other = (Link)this.MemberwiseClone();
            other.Stale = stale;
            other.CheckedAt = checkedAt;
            return other;
        }
    }

    /// <summary>
    /// Nobody knows now whether the organization is linked. Code says why: Busy, Forbidden, Throttled, Unauthenticated,
    /// UnexpectedAnswer, Unreachable, else LinkUnknown; Status and RetryAfter say more.
    /// </summary>
    public sealed class LinkUnknownException : Exception
    {
        public LinkUnknownException(string code, string message, int status, TimeSpan? retryAfter, Exception cause)
            : base(message, cause)
        {
            this.Code = code;
            this.Status = status;
            this.RetryAfter = retryAfter;
        }

        public string Code { get; }

        public int Status { get; }

        public TimeSpan? RetryAfter { get; }

        internal LinkUnknownException Again(TimeSpan wait)
        {
            return new LinkUnknownException(this.Code, this.Message, this.Status, wait, this);
        }
    }

    /// <summary>The key or token does not do (401, 403), or there is no organization of this name (404).</summary>
    public sealed class LinkRefusedException : Exception
    {
        public LinkRefusedException(string code, string message, int status)
            : base(message)
        {
            this.Code = code;
            this.Status = status;
        }

        public string Code { get; }

        public int Status { get; }
    }
}
